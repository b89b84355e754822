import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { useLive } from '@/lib/live/useLive';
import type { LiveMessage } from '@/lib/live/protocol';
import { campaignChanged, campaignKey } from './campaigns';

export type Progress = Schema<'Progress'>;

const AGAIN_MS = 10_000;

export const progressKey = (id: number) => [...campaignKey(id), 'progress'] as const;

function progressQuery(id: number) {
  return queryOptions({
    queryKey: progressKey(id),
    queryFn: ({ signal }) =>
      data(api.GET('/api/campaigns/{id}/progress', { params: { path: { id } }, signal })),
  });
}

/** What a live message knows, laid over what only a request tells: the finish, the cost. */
export function merged(
  old: Progress,
  message: Extract<LiveMessage, { type: 'campaign.progress' }>,
): Progress {
  const { finish, next_open, pace_reason, talk_seconds, cost } = old;
  return { finish, next_open, pace_reason, talk_seconds, cost, ...message };
}

/** How far a campaign is: each second while it runs. */
export function useProgress(id: number) {
  const queries = useQueryClient();
  const query = useQuery({
    ...progressQuery(id),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? AGAIN_MS : false),
  });
  useLive(`campaigns:${id}`, (messages) => {
    const last = messages.filter((message) => message.type === 'campaign.progress').at(-1);
    if (last) queries.setQueryData<Progress>(progressKey(id), (old) => (old ? merged(old, last) : undefined));
    if (messages.some((message) => message.type === 'campaign.state' || message.type === 'gap'))
      void campaignChanged(queries, id);
  });
  return query;
}
