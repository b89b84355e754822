import { Button, Dialog, DialogActions, DialogContent, DialogTitle, Stack } from '@mui/material';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import { newKey } from '@/lib/api/client';
import { useNotice } from '@/lib/state/useNotice';
import type { Campaign } from '../api/campaigns';
import { useCampaignChanges } from '../api/campaigns';

interface Props {
  campaign: { id: number; name: string };
  onClose: () => void;
  onDone: (copy: Campaign) => void;
}

const schema = z.object({ name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)) });

/** A copy under a name of its own. */
export function DuplicateDialog({ campaign, onClose, onDone }: Props) {
  const { t } = useTranslation(['campaigns', 'common']);
  const id = useId();
  const changes = useCampaignChanges();
  const notice = useNotice();
  const [key, setKey] = useState(newKey);
  const form = useApiForm({
    schema,
    values: { name: t('ask.duplicate.name', { name: campaign.name }).slice(0, 100) },
    send: async ({ name }) => {
      try {
        const copy = await changes.duplicate(campaign.id, name, key);
        notice.done(t('done.duplicate', { name: copy.name }));
        onClose();
        onDone(copy);
      } catch (error) {
        // Another name is another request.
        setKey(newKey());
        throw error;
      }
    },
  });
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} maxWidth="xs" fullWidth>
      <form noValidate onSubmit={form.submit}>
        <DialogTitle id={id}>{t('ask.duplicate.title', { name: campaign.name })}</DialogTitle>
        <DialogContent>
          <Stack spacing={2} sx={{ pt: 1 }}>
            <ProblemAlert error={form.problem} />
            <FormTextField
              control={form.control}
              name="name"
              label={t('field.name')}
              hint={t('ask.duplicate.text')}
            />
          </Stack>
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('common:action.cancel')}</Button>
          <Button type="submit" variant="contained" loading={form.busy}>
            {t('action.duplicate')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
