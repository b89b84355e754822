import { queryOptions } from '@tanstack/react-query';
import type { Schema } from '@/lib/api/client';
import { api, data, tagged } from '@/lib/api/client';
import { setMe } from '@/lib/api/session';

export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: async () => data(api.GET('/api/setup')),
  staleTime: Infinity,
});

export async function createAdministrator(body: Omit<Schema<'SetupInput'>, 'cookies'>) {
  const answer = await data(api.POST('/api/setup', { body: { ...body, cookies: true } }));
  setMe(answer.me);
}

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: async () => tagged(api.GET('/api/settings')),
});

export function saveSettings(body: Schema<'Settings'>, etag: string) {
  return tagged(api.PUT('/api/settings', { params: { header: { 'If-Match': etag } }, body }));
}

export function addTrunk(body: Schema<'TrunkInput'>, key: string) {
  return data(api.POST('/api/trunks', { params: { header: { 'Idempotency-Key': key } }, body }));
}
