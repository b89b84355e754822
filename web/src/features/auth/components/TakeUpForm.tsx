import { Button, Stack } from '@mui/material';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormPasswordField } from '@/components/form/FormPasswordField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { completeReset, signIn } from '../api/auth';

const schema = z.object({ password: z.string().check(z.minLength(12), z.maxLength(1024)) });

interface Props {
  token: string;
  email: string;
  /** The password is set. Whoever has a second factor signs in by hand. */
  onDone: () => void;
}

export function TakeUpForm({ token, email, onDone }: Props) {
  const { t } = useTranslation('auth');
  const form = useApiForm({
    schema,
    values: { password: '' },
    send: async ({ password }) => {
      await completeReset({ token, password });
      await signIn({ email, password }).catch(() => null);
      onDone();
    },
  });
  return (
    <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
      <ProblemAlert error={form.problem} />
      {/* For password managers: whose password this is. */}
      <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
      <FormPasswordField
        control={form.control}
        name="password"
        label={t('take.password')}
        hint={t('take.hint')}
        autoComplete="new-password"
      />
      <Button type="submit" variant="contained" size="large" loading={form.busy}>
        {t('take.submit')}
      </Button>
    </Stack>
  );
}
