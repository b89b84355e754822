/* What a campaign is made of: a list, a flow, trunks. */
import { queryOptions } from '@tanstack/react-query';
import { api, data } from '@/lib/api/client';

const MANY = 500;

export const listsQuery = queryOptions({
  queryKey: ['lists', 'choice'],
  queryFn: ({ signal }) => data(api.GET('/api/lists', { params: { query: { limit: MANY } }, signal })),
});

export const flowsQuery = queryOptions({
  queryKey: ['flows', 'choice'],
  queryFn: ({ signal }) => data(api.GET('/api/flows', { params: { query: { limit: MANY } }, signal })),
});

export const trunksQuery = queryOptions({
  queryKey: ['trunks', 'choice'],
  queryFn: ({ signal }) => data(api.GET('/api/trunks', { params: { query: { limit: MANY } }, signal })),
});

export function listQuery(id: number) {
  return queryOptions({
    queryKey: ['lists', id, 'name'],
    queryFn: ({ signal }) => data(api.GET('/api/lists/{id}', { params: { path: { id } }, signal })),
  });
}

export function flowQuery(id: number) {
  return queryOptions({
    queryKey: ['flows', id, 'name'],
    queryFn: ({ signal }) => data(api.GET('/api/flows/{id}', { params: { path: { id } }, signal })),
  });
}

/** The zone and the currency that a campaign has unless it says otherwise. */
export const settingsQuery = queryOptions({
  queryKey: ['settings', 'value'],
  queryFn: ({ signal }) => data(api.GET('/api/settings', { signal })),
});
