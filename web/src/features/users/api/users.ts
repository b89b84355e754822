import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';

export type User = Schema<'User'>;

export const USERS = ['users'] as const;

export function useUsers() {
  return usePages(USERS, (cursor, signal) =>
    data(api.GET('/api/users', { params: { query: { limit: 100, cursor } }, signal })),
  );
}
