import { Button, Dialog, DialogActions, DialogContent, DialogTitle } from '@mui/material';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';

const schema = z.object({ name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)) });

interface Props {
  title: string;
  confirm: string;
  name?: string;
  send: (name: string) => Promise<unknown>;
  onClose: () => void;
}

/** Asks for a list's name: of a new one, or another for one that is there. */
export function ListDialog({ title, confirm, name = '', send, onClose }: Props) {
  const { t } = useTranslation(['people', 'common']);
  const id = useId();
  const form = useApiForm({ schema, values: { name }, send: (values) => send(values.name) });
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} maxWidth="xs" fullWidth>
      <form noValidate onSubmit={form.submit}>
        <DialogTitle id={id}>{title}</DialogTitle>
        <DialogContent>
          <ProblemAlert error={form.problem} sx={{ mb: 2 }} />
          <FormTextField
            control={form.control}
            name="name"
            label={t('listName')}
            hint={t('listNameHint')}
            sx={{ mt: 1 }}
          />
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t('common:action.cancel')}</Button>
          <Button type="submit" variant="contained" loading={form.busy}>
            {confirm}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
