import { Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { QueryView } from '@/components/QueryView';
import { Section } from '@/components/Section';
import { StatusChip } from '@/components/StatusChip';
import { useAppSelector } from '@/lib/state/store';
import type { Campaign } from '../api/campaigns';
import { configOf, currencyOf } from '../api/config';
import { preflightQuery } from '../api/details';
import type { useProgress } from '../api/progress';
import { CampaignContent } from './CampaignContent';
import { Outcomes } from './Outcomes';
import { PaceChanges } from './PaceChanges';
import { PreflightView } from './PreflightView';
import { ProgressView } from './ProgressView';

interface Props {
  campaign: Campaign;
  progress: ReturnType<typeof useProgress>;
  live: boolean;
}

/** Before the start what is to be expected, then what happens. */
export function CampaignOverview({ campaign, progress, live }: Props) {
  const { t } = useTranslation('campaigns');
  if (campaign.started === null && (campaign.state === 'draft' || campaign.state === 'scheduled'))
    return (
      <Stack spacing={3}>
        <Expected id={campaign.id} />
        <CampaignContent campaign={campaign} />
      </Stack>
    );
  return (
    <QueryView query={progress}>
      {(now) => (
        <Stack spacing={3}>
          <Section title={t('progress.title')} aside={live ? <LiveChip /> : null}>
            <ProgressView progress={now} currency={currencyOf(configOf(campaign))} />
          </Section>
          <Outcomes counts={now.by_outcome} />
          <PaceChanges id={campaign.id} live={live} />
        </Stack>
      )}
    </QueryView>
  );
}

function Expected({ id }: { id: number }) {
  const { t } = useTranslation('campaigns');
  const preflight = useQuery(preflightQuery(id));
  return (
    <Section title={t('preflight.title')} text={t('preflight.text')}>
      <QueryView query={preflight}>{(found) => <PreflightView preflight={found} />}</QueryView>
    </Section>
  );
}

/** Says whether the figures move. */
export function LiveChip() {
  const { t } = useTranslation('campaigns');
  const live = useAppSelector((state) => state.connection.live === 'live');
  return (
    <StatusChip
      label={t(live ? 'progress.live' : 'progress.standing')}
      tone={live ? 'success' : 'warning'}
      active={live}
    />
  );
}
