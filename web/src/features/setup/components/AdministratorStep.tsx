import { Button, Stack } from '@mui/material';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormPasswordField } from '@/components/form/FormPasswordField';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { createAdministrator } from '../api/setup';

const schema = z.object({
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)),
  email: z.email().check(z.maxLength(254)),
  password: z.string().check(z.minLength(12), z.maxLength(1024)),
});

export function AdministratorStep({ token, onDone }: { token: string; onDone: () => void }) {
  const { t } = useTranslation('auth');
  const form = useApiForm({
    schema,
    values: { name: '', email: '', password: '' },
    send: async (values) => {
      await createAdministrator({ ...values, token });
      onDone();
    },
  });
  return (
    <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
      <ProblemAlert error={form.problem} />
      <FormTextField control={form.control} name="name" label={t('setup.name')} autoComplete="name" />
      <FormTextField
        control={form.control}
        name="email"
        type="email"
        ltr
        label={t('signIn.email')}
        autoComplete="username"
      />
      <FormPasswordField
        control={form.control}
        name="password"
        label={t('signIn.password')}
        hint={t('take.hint')}
        autoComplete="new-password"
      />
      <Button type="submit" variant="contained" size="large" loading={form.busy}>
        {t('setup.create')}
      </Button>
    </Stack>
  );
}
