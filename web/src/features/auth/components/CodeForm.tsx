import { Alert, Button, Stack, Typography } from '@mui/material';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { ApiProblem } from '@/lib/api/problem';
import { signIn } from '../api/auth';

const schema = z.object({ code: z.string().check(z.trim(), z.minLength(1)) });

interface Props {
  ticket: string;
  /** Back to the password: because the ticket has run out, or because one wants to. */
  onRestart: (tooLate: boolean) => void;
}

/** The second factor: a code of the app, or a recovery code. */
export function CodeForm({ ticket, onRestart }: Props) {
  const { t } = useTranslation('auth');
  const [recovery, setRecovery] = useState(false);
  const form = useApiForm({
    schema,
    values: { code: '' },
    send: async ({ code }) => {
      await signIn({ ticket, code: code.replace(/\s/g, '') });
    },
  });
  // The keyboard goes on where the next thing is to be written.
  const { setFocus } = form;
  useEffect(() => setFocus('code'), [setFocus, recovery]);
  const wrong = form.problem instanceof ApiProblem && form.problem.status === 401;
  return (
    <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
      <Typography color="text.secondary">{t(recovery ? 'code.recoveryText' : 'code.text')}</Typography>
      {wrong ? (
        <Alert severity="error" role="alert">
          {t('code.wrong')}
        </Alert>
      ) : (
        <ProblemAlert error={form.problem} />
      )}
      <FormTextField
        key={recovery ? 'recovery' : 'app'}
        control={form.control}
        name="code"
        ltr
        label={t(recovery ? 'code.recoveryLabel' : 'code.label')}
        autoComplete="one-time-code"
        slotProps={{ htmlInput: { inputMode: recovery ? 'text' : 'numeric' } }}
      />
      <Button type="submit" variant="contained" size="large" loading={form.busy}>
        {t('code.submit')}
      </Button>
      <Stack direction="row" useFlexGap sx={{ justifyContent: 'space-between', flexWrap: 'wrap' }}>
        <Button
          onClick={() => {
            setRecovery(!recovery);
            form.reset();
          }}
        >
          {t(recovery ? 'code.useApp' : 'code.useRecovery')}
        </Button>
        <Button onClick={() => onRestart(false)}>{t('code.restart')}</Button>
      </Stack>
    </Stack>
  );
}
