import { Alert, AlertTitle, Button, Stack, Typography } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { Ltr } from '@/components/Ltr';
import { ProblemAlert } from '@/components/ProblemAlert';
import { Section } from '@/components/Section';
import { useFormat } from '@/lib/i18n/format';
import type { Why } from '../api/details';
import { explain } from '../api/details';

const schema = z.object({ number: z.string().check(z.trim(), z.minLength(3), z.maxLength(40)) });

/** "Why is this person (not) being called?" */
export function WhyForm({ id }: { id: number }) {
  const { t } = useTranslation('campaigns');
  const [why, setWhy] = useState<Why | null>(null);
  const form = useApiForm({
    schema,
    values: { number: '' },
    send: async ({ number }) => {
      setWhy(null);
      setWhy(await explain(id, number));
    },
  });
  return (
    <Section title={t('why.title')} text={t('why.text')}>
      <Stack
        component="form"
        noValidate
        onSubmit={form.submit}
        direction={{ xs: 'column', sm: 'row' }}
        spacing={1.5}
        sx={{ alignItems: { sm: 'flex-start' } }}
      >
        <FormTextField
          control={form.control}
          name="number"
          label={t('people.number')}
          size="small"
          ltr
          type="tel"
          autoComplete="off"
          sx={{ maxWidth: { sm: 280 } }}
        />
        <Button type="submit" variant="outlined" loading={form.busy}>
          {t('why.ask')}
        </Button>
      </Stack>
      <div role="status">{why ? <Answer why={why} /> : null}</div>
      <ProblemAlert error={form.problem} sx={{ mt: 2 }} />
    </Section>
  );
}

/** In the reader's language what can be told from the facts, then the service's own sentence. */
function Answer({ why }: { why: Why }) {
  const { t } = useTranslation(['campaigns', 'terms']);
  const format = useFormat();
  const { person } = why;
  return (
    <Alert severity={why.will_call ? 'success' : 'info'} variant="outlined" sx={{ mt: 2 }}>
      <AlertTitle>
        <Ltr>{why.number}</Ltr>: {t(why.will_call ? 'why.yes' : 'why.no')}
      </AlertTitle>
      {why.when ? (
        <Typography variant="body2">{t('why.when', { at: format.dateTime(why.when) })}</Typography>
      ) : null}
      {person ? (
        <Typography variant="body2">
          {t('why.person', {
            state: t(`terms:person.${person.state}`),
            attempts: t('why.attempts', { count: person.attempts }),
          })}
        </Typography>
      ) : null}
      {why.blacklist_entry ? <Typography variant="body2">{t('why.blacklisted')}</Typography> : null}
      {!person && !why.blacklist_entry ? <Typography variant="body2">{t('why.absent')}</Typography> : null}
      <Typography variant="body2" color="text.secondary" sx={{ mt: 0.5 }}>
        <Ltr>{why.answer}</Ltr>
      </Typography>
    </Alert>
  );
}
