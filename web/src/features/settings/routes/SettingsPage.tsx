import { Button, Paper, Stack } from '@mui/material';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormAutocomplete } from '@/components/form/FormAutocomplete';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { PageHeader } from '@/components/PageHeader';
import { ProblemAlert } from '@/components/ProblemAlert';
import { QueryView } from '@/components/QueryView';
import type { Schema, Tagged } from '@/lib/api/client';
import { api, tagged } from '@/lib/api/client';
import { usePlaces } from '@/lib/i18n/places';
import { useNotice } from '@/lib/state/useNotice';

const SETTINGS = ['settings'] as const;

const chosen = z.string().check(z.minLength(1));
const schema = z.object({
  organization: z.string().check(z.trim(), z.maxLength(100)),
  region: chosen,
  time_zone: chosen,
  currency: chosen,
});

export function Component() {
  const { t } = useTranslation('settings');
  const settings = useQuery({ queryKey: SETTINGS, queryFn: () => tagged(api.GET('/api/settings')) });
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} />
      <QueryView query={settings} loading={<LoadingSkeleton kind="form" rows={4} />}>
        {(loaded) => <SettingsForm key={loaded.etag} loaded={loaded} />}
      </QueryView>
    </>
  );
}

function SettingsForm({ loaded }: { loaded: Tagged<Schema<'Settings'>> }) {
  const { t } = useTranslation(['settings', 'common']);
  const { regions, currencies, zones } = usePlaces();
  const queries = useQueryClient();
  const notice = useNotice();
  const form = useApiForm({
    schema,
    values: loaded.value,
    send: async (body) => {
      const header = { 'If-Match': loaded.etag };
      queries.setQueryData(SETTINGS, await tagged(api.PUT('/api/settings', { params: { header }, body })));
      notice.done(t('common:state.saved'));
    },
  });
  return (
    <Paper variant="outlined" sx={{ p: { xs: 2, sm: 4 }, maxWidth: 640 }}>
      <Stack component="form" noValidate spacing={2.5} onSubmit={form.submit}>
        <ProblemAlert error={form.problem} />
        <FormTextField control={form.control} name="organization" label={t('organisation')} />
        <FormAutocomplete control={form.control} name="region" label={t('region')} choices={regions} />
        <FormAutocomplete control={form.control} name="time_zone" ltr label={t('timeZone')} choices={zones} />
        <FormAutocomplete control={form.control} name="currency" label={t('currency')} choices={currencies} />
        <Button type="submit" variant="contained" loading={form.busy} sx={{ alignSelf: 'flex-start' }}>
          {t('common:action.save')}
        </Button>
      </Stack>
    </Paper>
  );
}
