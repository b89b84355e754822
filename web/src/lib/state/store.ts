/* Interface state only; what the service knows is TanStack Query's. */
import { configureStore } from '@reduxjs/toolkit';
import { useDispatch, useSelector } from 'react-redux';
import { connectionReducer } from './connection';
import { interfaceReducer, rememberedInterface, rememberInterface } from './interface';
import { noticeReducer } from './notice';

export function makeStore(storage: Storage, languages: readonly string[]) {
  const store = configureStore({
    reducer: { interface: interfaceReducer, connection: connectionReducer, notice: noticeReducer },
    preloadedState: { interface: rememberedInterface(storage, languages) },
  });
  let kept = store.getState().interface;
  store.subscribe(() => {
    const now = store.getState().interface;
    if (now === kept) return;
    kept = now;
    rememberInterface(storage, now);
  });
  return store;
}

export type Store = ReturnType<typeof makeStore>;
export type RootState = ReturnType<Store['getState']>;
export const useAppDispatch = useDispatch.withTypes<Store['dispatch']>();
export const useAppSelector = useSelector.withTypes<RootState>();
