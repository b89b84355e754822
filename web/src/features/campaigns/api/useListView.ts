import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router-dom';
import type { CampaignFilter, CampaignSort, CampaignState } from './campaigns';

export const STATES: CampaignState[] = [
  'draft',
  'scheduled',
  'running',
  'paused',
  'completed',
  'cancelled',
  'failed',
];
const SORTS: CampaignSort[] = ['name', '-name', 'created', '-created', 'started', '-started'];

/** What the list shows, kept in the address: it can be bookmarked, sent, and gone back to. */
export function filterOf(query: URLSearchParams): CampaignFilter {
  return {
    state: STATES.find((state) => state === query.get('state')),
    q: query.get('q')?.trim().slice(0, 100) || undefined,
    sort: SORTS.find((sort) => sort === query.get('sort')) ?? '-created',
  };
}

export function useListView() {
  const [query, setQuery] = useSearchParams();
  const filter = useMemo(() => filterOf(query), [query]);
  const change = useCallback(
    (part: Partial<Record<'state' | 'q' | 'sort', string>>) =>
      setQuery(
        (old) => {
          const next = new URLSearchParams(old);
          for (const [name, value] of Object.entries(part)) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: true },
      ),
    [setQuery],
  );
  return { filter, change, narrowed: filter.state !== undefined || filter.q !== undefined };
}
