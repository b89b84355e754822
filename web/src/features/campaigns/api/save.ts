import { useQueryClient } from '@tanstack/react-query';
import type { Schema, Tagged } from '@/lib/api/client';
import { api, tagged } from '@/lib/api/client';
import type { Campaign } from './campaigns';
import { campaignChanged, campaignKey } from './campaigns';

/** Makes a campaign, or changes a draft that is still what it was when it was read. */
export function useSaveCampaign() {
  const queries = useQueryClient();
  const keep = async (saved: Tagged<Campaign>) => {
    await campaignChanged(queries, saved.value.id);
    queries.setQueryData(campaignKey(saved.value.id), saved);
    return saved;
  };
  return {
    create: async (body: Schema<'CampaignInput'>, key: string) =>
      keep(
        await tagged(api.POST('/api/campaigns', { params: { header: { 'Idempotency-Key': key } }, body })),
      ),
    update: async (id: number, body: Schema<'CampaignInput'>, etag: string) =>
      keep(
        await tagged(
          api.PUT('/api/campaigns/{id}', { params: { path: { id }, header: { 'If-Match': etag } }, body }),
        ),
      ),
  };
}
