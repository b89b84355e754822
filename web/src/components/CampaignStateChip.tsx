import { useTranslation } from 'react-i18next';
import type { Schema } from '@/lib/api/client';
import type { StatusTone } from './StatusChip';
import { StatusChip } from './StatusChip';

const TONES: Record<Schema<'CampaignState'>, StatusTone> = {
  draft: 'neutral',
  scheduled: 'info',
  running: 'success',
  paused: 'warning',
  completed: 'neutral',
  cancelled: 'neutral',
  failed: 'error',
};

/** A campaign's state in words. */
export function CampaignStateChip({ state }: { state: Schema<'CampaignState'> }) {
  const { t } = useTranslation('terms');
  return <StatusChip label={t(`campaign.${state}`)} tone={TONES[state]} active={state === 'running'} />;
}
