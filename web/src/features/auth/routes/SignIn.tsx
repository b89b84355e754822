import { Alert, Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useSearchParams } from 'react-router-dom';
import { AuthLayout } from '@/components/AuthLayout';
import { useMeQuery } from '@/lib/api/useMe';
import { setupQuery } from '../api/auth';
import { CodeForm } from '../components/CodeForm';
import { PasswordForm } from '../components/PasswordForm';
import { Providers } from '../components/Providers';
import { safeReturn } from '../api/safeReturn';

/** E-mail and password, the second factor when there is one, or a provider's page. */
export function Component() {
  const { t } = useTranslation('auth');
  const [query] = useSearchParams();
  const { data: me } = useMeQuery();
  const { data: setup } = useQuery(setupQuery);
  const [ticket, setTicket] = useState<string | null>(null);
  const [late, setLate] = useState(false);
  const then = safeReturn(query.get('then'));

  if (me) return <Navigate to={then} replace />;
  if (ticket)
    return (
      <AuthLayout title={t('code.title')}>
        <CodeForm
          ticket={ticket}
          onRestart={(tooLate) => {
            setTicket(null);
            setLate(tooLate);
          }}
        />
      </AuthLayout>
    );
  return (
    <AuthLayout title={t('signIn.title')}>
      <Stack spacing={2.5}>
        {query.has('expired') && !late ? <Alert severity="info">{t('signIn.expired')}</Alert> : null}
        {late ? <Alert severity="warning">{t('code.late')}</Alert> : null}
        {setup?.needed ? <Alert severity="info">{t('signIn.notSetUp')}</Alert> : null}
        <PasswordForm onCode={setTicket} />
        <Providers then={then} />
      </Stack>
    </AuthLayout>
  );
}
