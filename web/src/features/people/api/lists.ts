import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data, tagged } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';

export type List = Schema<'List'>;

export const LISTS = ['lists'] as const;

export function useLists(sort: ListSort = '-created') {
  return usePages([...LISTS, 'all', sort], (cursor, signal) =>
    data(api.GET('/api/lists', { params: { query: { limit: 100, cursor, sort } }, signal })),
  );
}

export type ListSort = 'name' | '-name' | 'created' | '-created';

export function useList(id: number) {
  return useQuery({
    queryKey: [...LISTS, id],
    queryFn: ({ signal }) => tagged(api.GET('/api/lists/{id}', { params: { path: { id } }, signal })),
  });
}

export function createList(name: string, key: string) {
  return data(api.POST('/api/lists', { params: { header: { 'Idempotency-Key': key } }, body: { name } }));
}

export function renameList(id: number, name: string, etag: string) {
  return data(
    api.PUT('/api/lists/{id}', { params: { path: { id }, header: { 'If-Match': etag } }, body: { name } }),
  );
}

export function useDeleteList() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: number) => api.DELETE('/api/lists/{id}', { params: { path: { id } } }),
    onSuccess: () => client.invalidateQueries({ queryKey: LISTS }),
  });
}
