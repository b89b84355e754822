import { queryOptions } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { setMe } from '@/lib/api/session';

export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: async () => data(api.GET('/api/setup')),
  staleTime: Infinity,
});

export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: async () => data(api.GET('/api/providers')),
});

type Credentials = { email: string; password: string } | { ticket: string; code: string };

/** The ticket of a second factor that is asked for, or null: signed in. */
export async function signIn(credentials: Credentials): Promise<string | null> {
  const answer = await data(api.POST('/api/sessions', { body: { ...credentials, cookies: true } }));
  if ('code_needed' in answer) return answer.ticket;
  setMe(answer.me);
  return null;
}

export function requestReset(email: string) {
  return api.POST('/api/password-resets', { body: { email } });
}

export function ticketQuery(token: string) {
  return queryOptions({
    queryKey: ['ticket', token],
    queryFn: async () => data(api.POST('/api/password-resets/look', { body: { token } })),
    enabled: token !== '',
    staleTime: Infinity,
  });
}

export function completeReset(body: Schema<'ResetCompletion'>) {
  return api.POST('/api/password-resets/complete', { body });
}
