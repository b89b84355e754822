/* The one short word at the bottom of the page: what was done, and how to take it back. Functions
 * are no state, so the way back is kept beside it. */
import type { PayloadAction } from '@reduxjs/toolkit';
import { createSlice } from '@reduxjs/toolkit';

export interface Notice {
  id: number;
  text: string;
  kind: 'success' | 'error' | 'info';
  undoable: boolean;
}

const slice = createSlice({
  name: 'notice',
  initialState: { current: null as Notice | null },
  reducers: {
    noticeShown: (state, action: PayloadAction<Notice>) => {
      state.current = action.payload;
    },
    noticeClosed: (state, action: PayloadAction<number>) => {
      if (state.current?.id === action.payload) state.current = null;
    },
  },
});

export const { noticeShown, noticeClosed } = slice.actions;
export const noticeReducer = slice.reducer;
