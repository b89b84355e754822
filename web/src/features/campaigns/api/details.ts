import { queryOptions } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';
import { campaignKey } from './campaigns';
import type { Outcome } from './outcomes';

export type Person = Schema<'Person'>;
export type PersonState = Schema<'TargetState'>;
export type Call = Schema<'Call'>;
export type PaceChange = Schema<'PacePage'>['items'][number];
export type Step = Schema<'StepList'>['items'][number];
export type Why = Schema<'Why'>;

const AGAIN_MS = 4_000;

/** live: it runs, so what is shown changes; only the first page is worth reading again and again. */
function again(live: boolean) {
  return (query: { state: { data?: { pages: unknown[] } } }) =>
    live && (query.state.data?.pages.length ?? 0) <= 1 ? AGAIN_MS : (false as const);
}

export function usePeople(id: number, state: PersonState | undefined, live: boolean) {
  return usePages(
    [...campaignKey(id), 'people', state],
    (cursor, signal) =>
      data(
        api.GET('/api/campaigns/{id}/people', {
          params: { path: { id }, query: { state, limit: 50, cursor } },
          signal,
        }),
      ),
    { refetchInterval: again(live) },
  );
}

export function useCalls(id: number, outcome: Outcome | undefined, live: boolean) {
  return usePages(
    [...campaignKey(id), 'calls', outcome],
    (cursor, signal) =>
      data(
        api.GET('/api/calls', { params: { query: { campaign_id: id, outcome, limit: 50, cursor } }, signal }),
      ),
    { refetchInterval: again(live) },
  );
}

export function usePaceChanges(id: number, live: boolean) {
  return usePages(
    [...campaignKey(id), 'pace'],
    (cursor, signal) =>
      data(
        api.GET('/api/campaigns/{id}/pace', {
          params: { path: { id }, query: { limit: 20, cursor } },
          signal,
        }),
      ),
    { refetchInterval: again(live) },
  );
}

export function stepsQuery(id: number) {
  return queryOptions({
    queryKey: [...campaignKey(id), 'steps'],
    queryFn: ({ signal }) => data(api.GET('/api/campaigns/{id}/steps', { params: { path: { id } }, signal })),
  });
}

export function preflightQuery(id: number) {
  return queryOptions({
    queryKey: [...campaignKey(id), 'preflight'],
    queryFn: ({ signal }) =>
      data(api.POST('/api/campaigns/{id}/preflight', { params: { path: { id } }, signal })),
  });
}

export function explain(id: number, number: string): Promise<Why> {
  return data(api.GET('/api/campaigns/{id}/why', { params: { path: { id }, query: { number } } }));
}
