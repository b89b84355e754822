import { useQuery } from '@tanstack/react-query';
import { api, data } from './client';
import { ApiProblem } from './problem';
import type { Me, Role } from './session';
import { setMe } from './session';

export const ME = ['me'] as const;

async function loadMe(): Promise<Me | null> {
  try {
    const me = await data(api.GET('/api/session'));
    setMe(me);
    return me;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return null;
    throw error;
  }
}

/** Who is signed in: undefined while that is being asked, null: nobody. */
export function useMeQuery() {
  return useQuery({ queryKey: ME, queryFn: loadMe, staleTime: Infinity, gcTime: Infinity });
}

const RANK: Record<Role, number> = { Analyst: 1, CampaignManager: 2, Administrator: 3 };

export function roleReaches(role: Role, least: Role): boolean {
  return RANK[role] >= RANK[least];
}

/** Behind the sign-in: who it is. */
export function useMe(): Me {
  const { data: me } = useMeQuery();
  if (!me) throw new Error('useMe: used where nobody may be signed in');
  return me;
}

/** May this person do what needs that role? What one may not do is not shown. */
export function useMay(least: Role): boolean {
  return roleReaches(useMe().role, least);
}
