import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLive } from '@/lib/live/useLive';
import type { LiveMessage } from '@/lib/live/protocol';
import { CAMPAIGNS } from './campaigns';

type Progress = Extract<LiveMessage, { type: 'campaign.progress' }>;

/** The newest figures of each campaign that runs. A list is read anew when one changes its state. */
export function useLiveCampaigns(): ReadonlyMap<number, Progress> {
  const queries = useQueryClient();
  const [figures, setFigures] = useState<ReadonlyMap<number, Progress>>(new Map());
  useLive('campaigns', (messages) => {
    if (messages.some((message) => message.type === 'campaign.state' || message.type === 'gap'))
      void queries.invalidateQueries({ queryKey: CAMPAIGNS });
    const progress = messages.filter((message) => message.type === 'campaign.progress');
    if (progress.length > 0)
      setFigures((old) => new Map([...old, ...progress.map((one) => [one.campaign_id, one] as const)]));
  });
  return figures;
}
