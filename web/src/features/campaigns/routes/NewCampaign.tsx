import { Alert, Button } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router-dom';
import { BackLink } from '@/components/BackLink';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { newKey } from '@/lib/api/client';
import { useMe } from '@/lib/api/useMe';
import type { Draft } from '../api/draft';
import { keepDraft, keptDraft } from '../api/draft';
import { settingsQuery } from '../api/references';
import { useSaveCampaign } from '../api/save';
import type { Values } from '../api/wizard';
import { freshValues, inputOf } from '../api/wizard';
import { CampaignForm } from '../components/wizard/CampaignForm';
import { STEPS } from '../components/wizard/steps';

/** A new campaign, step by step. Left in the middle, it goes on there; at the check it is saved. */
export function Component() {
  const { t } = useTranslation('campaigns');
  const settings = useQuery(settingsQuery);
  return (
    <>
      <PageHeader
        above={<BackLink to="/campaigns">{t('title')}</BackLink>}
        title={t('new')}
        text={t('wizard.text')}
      />
      <QueryView query={settings} loading={<LoadingSkeleton kind="form" rows={4} />}>
        {({ time_zone: zone, currency }) => <Maker zone={zone || 'UTC'} currency={currency} />}
      </QueryView>
    </>
  );
}

function Maker({ zone, currency }: { zone: string; currency: string }) {
  const { t } = useTranslation('campaigns');
  const navigate = useNavigate();
  const { id: user } = useMe();
  const save = useSaveCampaign();
  const [kept, setKept] = useState(() => keptDraft(localStorage, user, zone));
  const [key, setKey] = useState(newKey);
  const [round, setRound] = useState(0);
  const made = useRef(false);
  const keep = useCallback(
    (draft: Draft) => {
      if (!made.current) keepDraft(localStorage, user, draft);
    },
    [user],
  );
  const afresh = () => {
    keepDraft(localStorage, user, null);
    setKept(null);
    setRound(round + 1);
  };
  const create = async (values: Values) => {
    try {
      const { value } = await save.create(inputOf(values), key);
      made.current = true;
      keepDraft(localStorage, user, null);
      navigate(`/campaigns/${value.id}/edit?step=check`, { replace: true });
    } catch (error) {
      // What is mended is another request than the one that was refused.
      setKey(newKey());
      throw error;
    }
  };
  return (
    <>
      {kept ? (
        <Alert
          severity="info"
          sx={{ mb: 3 }}
          action={
            <Button color="inherit" onClick={afresh}>
              {t('wizard.afresh')}
            </Button>
          }
        >
          {t('wizard.goesOn')}
        </Alert>
      ) : null}
      <CampaignForm
        key={round}
        values={kept?.values ?? freshValues(zone)}
        step={STEPS[Math.min(kept?.step ?? 0, STEPS.length - 2)] ?? 'purpose'}
        currency={currency}
        onSave={create}
        onKeep={keep}
      />
    </>
  );
}
