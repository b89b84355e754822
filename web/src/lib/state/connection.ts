import type { PayloadAction } from '@reduxjs/toolkit';
import { createSlice } from '@reduxjs/toolkit';
import type { LiveState } from '@/lib/live/connection';

const slice = createSlice({
  name: 'connection',
  initialState: { live: 'off' as LiveState },
  reducers: {
    liveChanged: (state, action: PayloadAction<LiveState>) => {
      state.live = action.payload;
    },
  },
});

export const { liveChanged } = slice.actions;
export const connectionReducer = slice.reducer;
