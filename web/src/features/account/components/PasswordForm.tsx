import { Button, Stack } from '@mui/material';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormPasswordField } from '@/components/form/FormPasswordField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { api } from '@/lib/api/client';
import { useNotice } from '@/lib/state/useNotice';

const schema = z.object({
  current: z.string().check(z.minLength(1)),
  password: z.string().check(z.minLength(12), z.maxLength(1024)),
});

export function PasswordForm({ email }: { email: string }) {
  const { t } = useTranslation('account');
  const notice = useNotice();
  const values = { current: '', password: '' };
  const form = useApiForm({
    schema,
    values,
    send: async (body) => {
      await api.POST('/api/session/password', { body });
      form.reset(values);
      notice.done(t('password.done'));
    },
  });
  return (
    <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
      <ProblemAlert error={form.problem} />
      <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
      <FormPasswordField
        control={form.control}
        name="current"
        label={t('password.current')}
        autoComplete="current-password"
      />
      <FormPasswordField
        control={form.control}
        name="password"
        label={t('password.next')}
        hint={t('password.hint')}
        autoComplete="new-password"
      />
      <Button type="submit" variant="outlined" loading={form.busy} sx={{ alignSelf: 'flex-start' }}>
        {t('password.submit')}
      </Button>
    </Stack>
  );
}
