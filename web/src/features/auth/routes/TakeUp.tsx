import { Button, Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, Navigate, useLocation } from 'react-router-dom';
import { AuthLayout } from '@/components/AuthLayout';
import { ErrorState } from '@/components/ErrorState';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { ApiProblem } from '@/lib/api/problem';
import { ticketQuery } from '../api/auth';
import { TakeUpForm } from '../components/TakeUpForm';
import { useState } from 'react';

/** An invitation or a new password: the link's token stands after the # and so is never sent to a
 * server by the browser itself. */
export function Component() {
  const { t } = useTranslation('auth');
  const { hash } = useLocation();
  const token = hash.slice(1);
  const ticket = useQuery(ticketQuery(token));
  const [done, setDone] = useState(false);
  const refused =
    ticket.error instanceof ApiProblem && ticket.error.status < 500 && ticket.error.status >= 400;

  if (done) return <Navigate to="/sign-in" replace />;
  if (!token || refused)
    return (
      <AuthLayout title={t('take.badTitle')} text={t('take.badText')}>
        <Stack>
          <Button component={RouterLink} to="/forgot-password" variant="contained">
            {t('take.askAgain')}
          </Button>
        </Stack>
      </AuthLayout>
    );
  if (!ticket.data)
    return (
      <AuthLayout title={t('take.resetTitle')}>
        {ticket.error ? (
          <ErrorState error={ticket.error} onRetry={() => void ticket.refetch()} />
        ) : (
          <LoadingSkeleton kind="form" rows={2} />
        )}
      </AuthLayout>
    );
  const { email, name, invited } = ticket.data;
  const welcome = name ? t('take.inviteTitle', { name }) : t('take.inviteTitleNameless');
  return (
    <AuthLayout
      title={invited ? welcome : t('take.resetTitle')}
      text={t(invited ? 'take.inviteText' : 'take.resetText', { email })}
    >
      <TakeUpForm token={token} email={email} onDone={() => setDone(true)} />
    </AuthLayout>
  );
}
