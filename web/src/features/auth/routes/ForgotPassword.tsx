import { Alert, AlertTitle, Button, Link, Stack } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router-dom';
import * as z from 'zod/mini';
import { AuthLayout } from '@/components/AuthLayout';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { requestReset } from '../api/auth';

const schema = z.object({ email: z.email() });

export function Component() {
  const { t } = useTranslation('auth');
  const [sent, setSent] = useState<string | null>(null);
  const form = useApiForm({
    schema,
    values: { email: '' },
    send: async ({ email }) => {
      await requestReset(email);
      setSent(email);
    },
  });
  return (
    <AuthLayout title={t('forgot.title')} text={sent ? undefined : t('forgot.text')}>
      <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
        {sent ? (
          <Alert severity="success" role="status">
            <AlertTitle>{t('forgot.sentTitle')}</AlertTitle>
            {t('forgot.sentText', { email: sent })}
          </Alert>
        ) : (
          <>
            <ProblemAlert error={form.problem} />
            <FormTextField
              control={form.control}
              name="email"
              type="email"
              ltr
              label={t('signIn.email')}
              autoComplete="username"
            />
            <Button type="submit" variant="contained" size="large" loading={form.busy}>
              {t('forgot.submit')}
            </Button>
          </>
        )}
        <Link component={RouterLink} to="/sign-in" sx={{ alignSelf: 'center', py: 0.5 }}>
          {t('forgot.back')}
        </Link>
      </Stack>
    </AuthLayout>
  );
}
