import { Button, Dialog, DialogActions, DialogContent, DialogTitle, Typography } from '@mui/material';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyField } from './CopyField';

interface Props {
  title: string;
  text: string;
  label: string;
  value: string;
  onClose: () => void;
}

/** What is shown once: it closes by its button alone, not by a click beside it. */
export function SecretDialog({ title, text, label, value, onClose }: Props) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <Dialog open aria-labelledby={id} maxWidth="sm" fullWidth>
      <DialogTitle id={id}>{title}</DialogTitle>
      <DialogContent>
        <Typography color="text.secondary" sx={{ mb: 2.5 }}>
          {text}
        </Typography>
        <CopyField label={label} value={value} />
      </DialogContent>
      <DialogActions>
        <Button variant="contained" onClick={onClose}>
          {t('action.close')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
