import { useMemo } from 'react';
import type { Notice } from './notice';
import { noticeShown } from './notice';
import { useAppDispatch } from './store';

let last = 0;
const undos = new Map<number, () => void>();

/** The way back that a notice offers; asked for once. */
export function takeUndo(id: number): (() => void) | undefined {
  const undo = undos.get(id);
  undos.delete(id);
  return undo;
}

/** notify.done('saved'), notify.done('removed', () => …) with an "undo", notify.failed('…'). */
export function useNotice() {
  const dispatch = useAppDispatch();
  return useMemo(() => {
    const show = (text: string, kind: Notice['kind'], undo?: () => void) => {
      last += 1;
      undos.clear();
      if (undo) undos.set(last, undo);
      dispatch(noticeShown({ id: last, text, kind, undoable: undo !== undefined }));
    };
    return {
      done: (text: string, undo?: () => void) => show(text, 'success', undo),
      failed: (text: string) => show(text, 'error'),
      told: (text: string) => show(text, 'info'),
    };
  }, [dispatch]);
}
