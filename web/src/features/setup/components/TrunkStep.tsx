import { Box, Button, Stack } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormCheckbox } from '@/components/form/FormCheckbox';
import { FormPasswordField } from '@/components/form/FormPasswordField';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { newKey } from '@/lib/api/client';
import { addTrunk } from '../api/setup';

const schema = z.object({
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(31)),
  host: z.string().check(z.trim(), z.maxLength(255), z.regex(/^[A-Za-z0-9_.:-]+$/)),
  port: z.int().check(z.minimum(1), z.maximum(65535)),
  user: z.string().check(z.trim(), z.maxLength(63)),
  password: z.string().check(z.maxLength(127)),
  register: z.boolean(),
  caller_number: z.string().check(z.trim(), z.maxLength(19)),
});

export function TrunkStep({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation('auth');
  const [key] = useState(newKey);
  const form = useApiForm({
    schema,
    values: { name: '', host: '', port: 5060, user: '', password: '', register: true, caller_number: '' },
    send: async (values) => {
      await addTrunk(values, key);
      onDone();
    },
  });
  return (
    <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
      <ProblemAlert error={form.problem} />
      <FormTextField
        control={form.control}
        name="name"
        label={t('setup.trunkName')}
        hint={t('setup.trunkNameHint')}
      />
      <Box sx={{ display: 'grid', gridTemplateColumns: '1fr 7rem', gap: 2 }}>
        <FormTextField
          control={form.control}
          name="host"
          ltr
          label={t('setup.host')}
          hint="sip.example.org"
        />
        <FormTextField control={form.control} name="port" type="number" ltr label={t('setup.port')} />
      </Box>
      <FormTextField control={form.control} name="user" ltr label={t('setup.user')} autoComplete="off" />
      <FormPasswordField
        control={form.control}
        name="password"
        label={t('setup.trunkPassword')}
        autoComplete="off"
      />
      <FormTextField
        control={form.control}
        name="caller_number"
        type="tel"
        ltr
        label={t('setup.callerNumber')}
      />
      <FormCheckbox control={form.control} name="register" label={t('setup.register')} />
      <Stack direction="row" spacing={1} sx={{ justifyContent: 'flex-end' }}>
        <Button onClick={onDone}>{t('setup.later')}</Button>
        <Button type="submit" variant="contained" loading={form.busy}>
          {t('setup.addTrunk')}
        </Button>
      </Stack>
    </Stack>
  );
}
