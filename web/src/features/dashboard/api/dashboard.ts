import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { useLive } from '@/lib/live/useLive';
import type { LiveMessage } from '@/lib/live/protocol';
import type { Minute } from './outcomes';
import { MINUTE_MS, MINUTES, OutcomeWindow } from './outcomes';

export type Metrics = Schema<'Metrics'>;
export type LiveProgress = Extract<LiveMessage, { type: 'campaign.progress' }>;

const METRICS = ['dashboard', 'metrics'] as const;
const RUNNING = ['campaigns', 'running'] as const;
const ALERTS = ['alerts', 'open'] as const;
const AGAIN_MS = 15_000;
const DRAW_MS = 1000;
const PAGES_MAX = 4;
const PAGE = 500;

/** The figures of all running campaigns, each second. */
export function useMetrics() {
  const queries = useQueryClient();
  useLive('metrics', (messages) => {
    const last = messages.filter((message) => message.type === 'metrics').at(-1);
    if (last) queries.setQueryData<Metrics>(METRICS, last);
  });
  return useQuery({ queryKey: METRICS, queryFn: ({ signal }) => data(api.GET('/api/metrics', { signal })) });
}

/** Campaigns that run, and the newest figures of each. */
export function useRunning() {
  const queries = useQueryClient();
  const [figures, setFigures] = useState<ReadonlyMap<number, LiveProgress>>(new Map());
  useLive('campaigns', (messages) => {
    if (messages.some((message) => message.type === 'campaign.state' || message.type === 'gap'))
      void queries.invalidateQueries({ queryKey: RUNNING });
    const progress = messages.filter((message) => message.type === 'campaign.progress');
    if (progress.length > 0)
      setFigures((old) => new Map([...old, ...progress.map((one) => [one.campaign_id, one] as const)]));
  });
  const query = useQuery({
    queryKey: RUNNING,
    queryFn: ({ signal }) =>
      data(api.GET('/api/campaigns', { params: { query: { state: 'running', limit: 100 } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: AGAIN_MS,
  });
  return { query, figures };
}

/** The records of the last half hour, the newest 2,000 of them. */
async function recentCalls(signal: AbortSignal): Promise<Schema<'Call'>[]> {
  const from = new Date(Date.now() - MINUTES * MINUTE_MS).toISOString();
  const calls: Schema<'Call'>[] = [];
  let cursor: string | undefined;
  for (let i = 0; i < PAGES_MAX; i++) {
    const page = await data(
      api.GET('/api/calls', { params: { query: { from, limit: PAGE, cursor } }, signal }),
    );
    calls.push(...page.items);
    if (!page.next) break;
    cursor = page.next;
  }
  return calls;
}

/** How calls ended in the last half hour, minute by minute; drawn anew once a second at most. */
export function useOutcomes(): { minutes: Minute[]; error: Error | null; again: () => Promise<unknown> } {
  const window = useRef(new OutcomeWindow());
  const [minutes, setMinutes] = useState<Minute[]>(() => window.current.minutes(Date.now()));
  const {
    data: recent,
    error,
    refetch,
  } = useQuery({
    queryKey: ['dashboard', 'recent-calls'],
    queryFn: ({ signal }) => recentCalls(signal),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  useEffect(() => {
    for (const { id, ended, outcome } of recent ?? [])
      if (ended) window.current.add({ id, at: Date.parse(ended), outcome });
    setMinutes(window.current.minutes(Date.now()));
  }, [recent]);
  useLive('calls', (messages) => {
    for (const message of messages) {
      if (message.type === 'gap') void refetch();
      if (message.type === 'call.ended' && message.outcome && message.call_id !== undefined)
        window.current.add({ id: message.call_id, at: Date.parse(message.at), outcome: message.outcome });
    }
  });
  useEffect(() => {
    const timer = setInterval(() => setMinutes(window.current.minutes(Date.now())), DRAW_MS);
    return () => clearInterval(timer);
  }, []);
  return { minutes, error, again: refetch };
}

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => data(api.GET('/api/health', { signal })),
  refetchInterval: AGAIN_MS,
});

/** Alerts that are not over. */
export function useAlerts() {
  const queries = useQueryClient();
  useLive('alerts', () => {
    void queries.invalidateQueries({ queryKey: ALERTS });
    void queries.invalidateQueries({ queryKey: healthQuery.queryKey });
  });
  return useQuery({
    queryKey: ALERTS,
    queryFn: ({ signal }) =>
      data(api.GET('/api/alerts', { params: { query: { open: true, limit: 50 } }, signal })),
    refetchInterval: 4 * AGAIN_MS,
  });
}

export function useAcknowledge() {
  const queries = useQueryClient();
  return async (id: number) => {
    await data(api.POST('/api/alerts/{id}/acknowledge', { params: { path: { id } } }));
    await queries.invalidateQueries({ queryKey: ALERTS });
  };
}
