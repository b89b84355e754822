import { queryOptions } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { ApiProblem } from '@/lib/api/problem';
import { campaignKey } from './campaigns';

export type Rehearsal = Schema<'Rehearsal'>;

const AGAIN_MS = 1000;

export const rehearsalKey = (id: number) => [...campaignKey(id), 'rehearsal'] as const;

export function goesOn(rehearsal: Rehearsal | null | undefined): boolean {
  return rehearsal?.state === 'starting' || rehearsal?.state === 'running';
}

/** The newest rehearsal of a campaign, null: there was none since the service started. Its figures are
 * not those of the live connection, which tells of real calls alone, so it is asked each second. */
export function rehearsalQuery(id: number) {
  return queryOptions({
    queryKey: rehearsalKey(id),
    queryFn: async ({ signal }): Promise<Rehearsal | null> => {
      try {
        return await data(api.GET('/api/campaigns/{id}/rehearsal', { params: { path: { id } }, signal }));
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return null;
        throw error;
      }
    },
    refetchInterval: ({ state }) => (goesOn(state.data) ? AGAIN_MS : false),
  });
}

export function startRehearsal(id: number, people: number): Promise<Rehearsal> {
  return data(api.POST('/api/campaigns/{id}/rehearsal', { params: { path: { id } }, body: { people } }));
}

export function stopRehearsal(id: number): Promise<unknown> {
  return data(api.DELETE('/api/campaigns/{id}/rehearsal', { params: { path: { id } } }));
}
