import { Button, Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormAutocomplete } from '@/components/form/FormAutocomplete';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { ProblemAlert } from '@/components/ProblemAlert';
import { QueryView } from '@/components/QueryView';
import type { Schema } from '@/lib/api/client';
import { usePlaces } from '@/lib/i18n/places';
import { saveSettings, settingsQuery } from '../api/setup';

const schema = z.object({
  organization: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)),
  region: z.string().check(z.minLength(1)),
  time_zone: z.string().check(z.minLength(1)),
  currency: z.string().check(z.minLength(1)),
});

export function OrganisationStep({ onDone }: { onDone: () => void }) {
  const settings = useQuery(settingsQuery);
  return (
    <QueryView query={settings} loading={<LoadingSkeleton kind="form" rows={4} />}>
      {({ value, etag }) => <OrganisationForm settings={value} etag={etag} onDone={onDone} />}
    </QueryView>
  );
}

interface Props {
  settings: Schema<'Settings'>;
  etag: string;
  onDone: () => void;
}

function OrganisationForm({ settings, etag, onDone }: Props) {
  const { t } = useTranslation('auth');
  const { regions, currencies, zones } = usePlaces();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const here = timeZone === 'UTC' ? settings.time_zone : timeZone;
  const form = useApiForm({
    schema,
    // The browser knows where it is; what was set before counts more.
    values: {
      ...settings,
      time_zone: settings.organization ? settings.time_zone : here,
    },
    send: async (values) => {
      await saveSettings(values, etag);
      onDone();
    },
  });
  return (
    <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
      <ProblemAlert error={form.problem} />
      <FormTextField
        control={form.control}
        name="organization"
        label={t('setup.organisation')}
        autoComplete="organization"
      />
      <FormAutocomplete control={form.control} name="region" label={t('setup.region')} choices={regions} />
      <FormAutocomplete
        control={form.control}
        name="time_zone"
        ltr
        label={t('setup.timeZone')}
        choices={zones}
      />
      <FormAutocomplete
        control={form.control}
        name="currency"
        label={t('setup.currency')}
        choices={currencies}
      />
      <Button type="submit" variant="contained" size="large" loading={form.busy}>
        {t('setup.next')}
      </Button>
    </Stack>
  );
}
