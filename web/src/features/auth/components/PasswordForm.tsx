import { Alert, Button, Link, Stack } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router-dom';
import * as z from 'zod/mini';
import { FormPasswordField } from '@/components/form/FormPasswordField';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { ApiProblem } from '@/lib/api/problem';
import { signIn } from '../api/auth';

const schema = z.object({ email: z.email(), password: z.string().check(z.minLength(1)) });

export function PasswordForm({ onCode }: { onCode: (ticket: string) => void }) {
  const { t } = useTranslation('auth');
  const form = useApiForm({
    schema,
    values: { email: '', password: '' },
    send: async (values) => {
      const ticket = await signIn(values);
      if (ticket) onCode(ticket);
    },
  });
  const wrong = form.problem instanceof ApiProblem && form.problem.status === 401;
  return (
    <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
      {wrong ? (
        <Alert severity="error" role="alert">
          {t('signIn.wrong')}
        </Alert>
      ) : (
        <ProblemAlert error={form.problem} />
      )}
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
        autoComplete="current-password"
      />
      <Button type="submit" variant="contained" size="large" loading={form.busy}>
        {t('signIn.submit')}
      </Button>
      <Link component={RouterLink} to="/forgot-password" sx={{ alignSelf: 'center', py: 0.5 }}>
        {t('signIn.forgot')}
      </Link>
    </Stack>
  );
}
