import { Alert, Button } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams, useSearchParams } from 'react-router-dom';
import { BackLink } from '@/components/BackLink';
import { EmptyState } from '@/components/EmptyState';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import type { Tagged } from '@/lib/api/client';
import { ApiProblem } from '@/lib/api/problem';
import { canEdit } from '../api/actions';
import type { Campaign } from '../api/campaigns';
import { campaignQuery } from '../api/campaigns';
import { configOf, currencyOf } from '../api/config';
import { useSaveCampaign } from '../api/save';
import { inputOf, valuesOf } from '../api/wizard';
import { CampaignForm } from '../components/wizard/CampaignForm';
import { STEPS } from '../components/wizard/steps';

/** A draft changed in the same steps that it was made in. */
export function Component() {
  const { t } = useTranslation('campaigns');
  const id = Number(useParams().id);
  // What somebody else changes while one writes must not come into the form by itself.
  const query = useQuery({ ...campaignQuery(id), refetchOnWindowFocus: false });
  return (
    <QueryView query={query} loading={<LoadingSkeleton kind="page" />}>
      {(campaign) =>
        canEdit(campaign.value) ? (
          <Editor campaign={campaign} reload={() => query.refetch()} />
        ) : (
          <EmptyState
            title={t('wizard.fixedTitle')}
            text={t('wizard.fixedText')}
            action={
              <Button component={Link} to={`/campaigns/${id}`} variant="contained">
                {t('wizard.toCampaign')}
              </Button>
            }
          />
        )
      }
    </QueryView>
  );
}

interface EditorProps {
  campaign: Tagged<Campaign>;
  reload: () => Promise<unknown>;
}

function Editor({ campaign, reload }: EditorProps) {
  const { t } = useTranslation(['campaigns', 'common']);
  const [query] = useSearchParams();
  const save = useSaveCampaign();
  const [base, setBase] = useState(campaign);
  const [stale, setStale] = useState(false);
  const [round, setRound] = useState(0);
  const { value } = base;
  const config = configOf(value);
  const loadTheirs = async () => {
    await reload();
    setStale(false);
    setRound(round + 1);
  };
  // After loading theirs the form begins anew with what came.
  if (round > 0 && !stale && base.etag !== campaign.etag && campaign.value.id === value.id) setBase(campaign);
  return (
    <>
      <PageHeader
        above={<BackLink to={`/campaigns/${value.id}`}>{value.name}</BackLink>}
        title={t('wizard.editTitle')}
      />
      {stale ? (
        <Alert
          severity="warning"
          role="alert"
          sx={{ mb: 3 }}
          action={
            <Button color="inherit" onClick={() => void loadTheirs()}>
              {t('common:problem.reload')}
            </Button>
          }
        >
          {t('common:problem.stale')}
        </Alert>
      ) : null}
      <CampaignForm
        key={`${round}-${round > 0 ? base.etag : ''}`}
        values={valuesOf(value)}
        step={STEPS.find((step) => step === query.get('step')) ?? 'purpose'}
        currency={currencyOf(config)}
        saved={value}
        onSave={async (values) => {
          try {
            setBase(await save.update(value.id, inputOf(values, config), base.etag));
          } catch (error) {
            if (error instanceof ApiProblem && error.isStale) setStale(true);
            throw error;
          }
        }}
      />
    </>
  );
}
