import { Box, Button, LinearProgress, Stack, Typography } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router-dom';
import { AuthLayout } from '@/components/AuthLayout';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { QueryView } from '@/components/QueryView';
import { useMeQuery } from '@/lib/api/useMe';
import { setupQuery } from '../api/setup';
import { AdministratorStep } from '../components/AdministratorStep';
import { OrganisationStep } from '../components/OrganisationStep';
import { TrunkStep } from '../components/TrunkStep';

const STEPS = ['administrator', 'organisation', 'trunk', 'ready'] as const;
type Step = (typeof STEPS)[number];

/** The first use: account, organisation, telephone line. Left in the middle, it goes on there. */
export function Component() {
  const { t } = useTranslation('auth');
  const setup = useQuery(setupQuery);
  const { data: me, isPending } = useMeQuery();
  return (
    <QueryView query={setup} loading={<Waiting />}>
      {({ needed }) => {
        if (isPending) return <Waiting />;
        if (me?.role === 'Administrator' || needed)
          return <Guide first={me ? 'organisation' : 'administrator'} />;
        return (
          <AuthLayout title={t('setup.doneTitle')} text={t('setup.doneText')}>
            <Button component={Link} to="/sign-in" variant="contained">
              {t('signIn.title')}
            </Button>
          </AuthLayout>
        );
      }}
    </QueryView>
  );
}

function Waiting() {
  const { t } = useTranslation('auth');
  return (
    <AuthLayout title={t('setup.title')}>
      <LoadingSkeleton kind="form" rows={3} />
    </AuthLayout>
  );
}

function Guide({ first }: { first: Step }) {
  const { t } = useTranslation('auth');
  const token = useLocation().hash.slice(1);
  const [step, setStep] = useState(first);
  if (step === 'administrator' && !token)
    return (
      <AuthLayout title={t('setup.noTokenTitle')} text={t('setup.noTokenText')}>
        {null}
      </AuthLayout>
    );
  const number = STEPS.indexOf(step) + 1;
  const steps = {
    administrator: <AdministratorStep token={token} onDone={() => setStep('organisation')} />,
    organisation: <OrganisationStep onDone={() => setStep('trunk')} />,
    trunk: <TrunkStep onDone={() => setStep('ready')} />,
    ready: (
      <Button component={Link} to="/" variant="contained" size="large">
        {t('setup.start')}
      </Button>
    ),
  };
  return (
    <AuthLayout wide title={t(`setup.${step}Title`)} text={t(`setup.${step}Text`)}>
      <Stack spacing={3}>
        <Box>
          <Typography variant="body2" color="text.secondary" gutterBottom role="status">
            {t('setup.progress', { step: number, count: STEPS.length })}
          </Typography>
          <LinearProgress
            variant="determinate"
            value={(100 * number) / STEPS.length}
            aria-label={t('setup.title')}
            sx={{ height: 6, borderRadius: 3 }}
          />
        </Box>
        {steps[step]}
      </Stack>
    </AuthLayout>
  );
}
