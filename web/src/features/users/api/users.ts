import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data, tagged } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';

export type User = Schema<'User'>;
export type Invitation = Schema<'Invitation'>;

const USERS = ['users'] as const;

export function useUsers() {
  return usePages(USERS, (cursor, signal) =>
    data(api.GET('/api/users', { params: { query: { limit: 100, cursor } }, signal })),
  );
}

/** Something changed: the list is read anew. */
function useChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: USERS }),
  });
}

const at = (id: number) => ({ path: { id } });

export function useInvite() {
  return useChange((body: Schema<'UserInvitation'>) => data(api.POST('/api/users', { body })));
}

export function useUpdateUser(id: number) {
  return useChange(async (body: Schema<'UserInput'>) => {
    const { etag } = await tagged(api.GET('/api/users/{id}', { params: at(id) }));
    return data(api.PUT('/api/users/{id}', { params: { ...at(id), header: { 'If-Match': etag } }, body }));
  });
}

export function useNewLink() {
  return useChange((id: number) => data(api.POST('/api/users/{id}/invitation', { params: at(id) })));
}

export function useRemoveFactor() {
  return useChange((id: number) => api.DELETE('/api/users/{id}/totp', { params: at(id) }));
}

export function useRemoveUser() {
  return useChange((id: number) => api.DELETE('/api/users/{id}', { params: at(id) }));
}
