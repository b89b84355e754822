import { Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router-dom';
import { BackLink } from '@/components/BackLink';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { Section } from '@/components/Section';
import { useMay } from '@/lib/api/useMe';
import { campaignQuery } from '../api/campaigns';
import { configOf, currencyOf } from '../api/config';
import type { Rehearsal } from '../api/rehearsal';
import { rehearsalQuery } from '../api/rehearsal';
import { CallsTable } from '../components/CallsTable';
import { Outcomes } from '../components/Outcomes';
import { ProgressView } from '../components/ProgressView';
import { RehearsalControl } from '../components/RehearsalControl';

/** A campaign tried out on imaginary people, through the simulated carrier. */
export function Component() {
  const { t } = useTranslation('campaigns');
  const mayManage = useMay('CampaignManager');
  const id = Number(useParams().id);
  const campaign = useQuery(campaignQuery(id));
  const rehearsal = useQuery(rehearsalQuery(id));
  return (
    <QueryView query={campaign} loading={<LoadingSkeleton kind="page" />}>
      {({ value }) => (
        <>
          <PageHeader
            above={<BackLink to={`/campaigns/${id}`}>{value.name}</BackLink>}
            title={t('rehearsal.title')}
            text={t('rehearsal.text')}
          />
          <QueryView query={rehearsal}>
            {(newest) => (
              <Stack spacing={3}>
                <RehearsalControl id={id} rehearsal={newest} mayManage={mayManage} />
                {newest ? <Happening rehearsal={newest} currency={currencyOf(configOf(value))} /> : null}
              </Stack>
            )}
          </QueryView>
        </>
      )}
    </QueryView>
  );
}

function Happening({ rehearsal, currency }: { rehearsal: Rehearsal; currency: string }) {
  const { t } = useTranslation('campaigns');
  const { progress, calls } = rehearsal;
  if (!progress) return null;
  return (
    <>
      <Section title={t('progress.title')}>
        <ProgressView progress={progress} currency={currency} rehearsal />
      </Section>
      <Outcomes counts={progress.by_outcome} />
      <Section title={t('rehearsal.calls')} text={t('rehearsal.callsText')}>
        <CallsTable calls={calls} />
      </Section>
    </>
  );
}
