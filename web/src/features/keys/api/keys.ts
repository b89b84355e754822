import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';

export type Key = Schema<'Key'>;
export type Scope = Schema<'Scope'>;

const KEYS = ['keys'] as const;

export const SCOPES: [Scope, ...Scope[]] = [
  'campaigns:read',
  'campaigns:write',
  'contacts:read',
  'contacts:write',
  'blacklist:read',
  'blacklist:write',
  'flows:read',
  'flows:write',
  'audio:read',
  'audio:write',
  'calls:read',
  'messages:read',
  'messages:write',
  'reports:read',
  'live:read',
  'trunks:read',
  'trunks:write',
  'users:read',
  'users:write',
  'settings:read',
  'settings:write',
  'audit:read',
];

export function useKeys() {
  return usePages(KEYS, (cursor, signal) =>
    data(api.GET('/api/keys', { params: { query: { limit: 100, cursor } }, signal })),
  );
}

export function useMakeKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema<'KeyInput'>) => data(api.POST('/api/keys', { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEYS }),
  });
}

export function useRevokeKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => api.DELETE('/api/keys/{id}', { params: { path: { id } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEYS }),
  });
}
