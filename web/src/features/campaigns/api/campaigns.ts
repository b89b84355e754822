import type { QueryClient } from '@tanstack/react-query';
import { queryOptions, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Schema } from '@/lib/api/client';
import { api, data, tagged } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';
import type { paths } from '@/lib/api/schema';

export type Campaign = Schema<'Campaign'>;
export type CampaignItem = Schema<'CampaignItem'>;
export type CampaignState = Schema<'CampaignState'>;
export type CampaignSort = NonNullable<
  NonNullable<paths['/api/campaigns']['get']['parameters']['query']>['sort']
>;

export const CAMPAIGNS = ['campaigns'] as const;
const LIST = [...CAMPAIGNS, 'list'] as const;

export interface CampaignFilter {
  state?: CampaignState;
  q?: string;
  sort: CampaignSort;
}

export function useCampaigns(filter: CampaignFilter) {
  return usePages([...LIST, filter], (cursor, signal) =>
    data(api.GET('/api/campaigns', { params: { query: { ...filter, limit: 50, cursor } }, signal })),
  );
}

export const campaignKey = (id: number) => [...CAMPAIGNS, id] as const;

export function campaignQuery(id: number) {
  return queryOptions({
    queryKey: campaignKey(id),
    queryFn: ({ signal }) => tagged(api.GET('/api/campaigns/{id}', { params: { path: { id } }, signal })),
  });
}

/** Everything that is known of one campaign, and the list of all, is read anew. */
export async function campaignChanged(queries: QueryClient, id: number): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: campaignKey(id) }),
    queries.invalidateQueries({ queryKey: LIST }),
  ]);
}

const at = (id: number) => ({ params: { path: { id } } });
const once = (id: number, key: string) => ({
  params: { path: { id }, header: { 'Idempotency-Key': key } },
});

/** What can be done with a campaign. key: of the form or question that asked for it, so that a double
 * click does it once. */
export function useCampaignChanges() {
  const queries = useQueryClient();
  return useMemo(() => {
    const then =
      <Args extends [number, ...unknown[]], T>(run: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        const answer = await run(...args);
        await campaignChanged(queries, args[0]);
        return answer;
      };
    return {
      start: then((id: number, key: string) => data(api.POST('/api/campaigns/{id}/start', once(id, key)))),
      resume: then((id: number, key: string) => data(api.POST('/api/campaigns/{id}/resume', once(id, key)))),
      pause: then((id: number, hangUp: boolean) =>
        data(api.POST('/api/campaigns/{id}/pause', { ...at(id), body: { hang_up: hangUp } })),
      ),
      cancel: then((id: number, hangUp: boolean) =>
        data(api.POST('/api/campaigns/{id}/cancel', { ...at(id), body: { hang_up: hangUp } })),
      ),
      duplicate: then((id: number, name: string, key: string) =>
        data(api.POST('/api/campaigns/{id}/duplicate', { ...once(id, key), body: { name } })),
      ),
      remove: async (id: number) => {
        await data(api.DELETE('/api/campaigns/{id}', at(id)));
        queries.removeQueries({ queryKey: campaignKey(id) });
        await queries.invalidateQueries({ queryKey: LIST });
      },
    };
  }, [queries]);
}
