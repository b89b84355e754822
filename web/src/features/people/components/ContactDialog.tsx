import { Button, Dialog, DialogActions, DialogContent, DialogTitle, Stack } from '@mui/material';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import type { Contact, ContactInput } from '../api/contacts';

const schema = z.object({
  number: z.string().check(z.trim(), z.minLength(3), z.maxLength(40)),
  name: z.string().check(z.trim(), z.maxLength(200)),
  language: z.string().check(z.trim(), z.maxLength(20)),
  time_zone: z.string().check(z.trim(), z.maxLength(63)),
  hours: z.string().check(z.trim(), z.maxLength(255)),
});

interface Props {
  /** Of one that is there; without it somebody is added. */
  contact?: Contact;
  send: (body: ContactInput) => Promise<unknown>;
  onClose: () => void;
}

function valuesOf(contact?: Contact) {
  return {
    number: contact?.number ?? '',
    name: contact?.name ?? '',
    language: contact?.language ?? '',
    // One that follows from the number goes on following it.
    time_zone: contact?.time_zone_from === 'column' ? contact.time_zone : '',
    hours: contact?.hours ?? '',
  };
}

export function ContactDialog({ contact, send, onClose }: Props) {
  const { t } = useTranslation(['people', 'common']);
  const id = useId();
  const form = useApiForm({
    schema,
    values: valuesOf(contact),
    send: (values) =>
      send({
        number: values.number,
        name: values.name || null,
        language: values.language || null,
        time_zone: values.time_zone || null,
        hours: values.hours || null,
        extra: contact?.extra as Record<string, string> | undefined,
      }),
  });
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} maxWidth="sm" fullWidth>
      <form noValidate onSubmit={form.submit}>
        <DialogTitle id={id}>{contact ? t('editTitle') : t('addTitle')}</DialogTitle>
        <DialogContent>
          <Stack spacing={2.5} sx={{ mt: 1 }}>
            <ProblemAlert error={form.problem} />
            <FormTextField
              control={form.control}
              name="number"
              type="tel"
              ltr
              label={t('number')}
              hint={t('numberHint')}
            />
            <FormTextField control={form.control} name="name" label={t('name')} />
            <FormTextField control={form.control} name="language" label={t('language')} />
            <FormTextField
              control={form.control}
              name="time_zone"
              ltr
              label={t('zone')}
              hint="Asia/Jerusalem"
            />
            <FormTextField control={form.control} name="hours" ltr label={t('hours')} hint={t('hoursHint')} />
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('common:action.cancel')}</Button>
          <Button type="submit" variant="contained" loading={form.busy}>
            {contact ? t('common:action.save') : t('common:action.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
