import ContentCopy from '@mui/icons-material/ContentCopy';
import { IconButton, InputAdornment, TextField } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

/** A text that one takes along: a link, a secret. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
  };
  return (
    <TextField
      fullWidth
      label={label}
      value={value}
      helperText={copied ? t('action.copied') : ' '}
      slotProps={{
        formHelperText: { role: 'status' },
        htmlInput: { dir: 'ltr', readOnly: true },
        input: {
          endAdornment:
            'clipboard' in navigator ? (
              <InputAdornment position="end">
                <IconButton edge="end" aria-label={t('action.copy')} onClick={() => void copy()}>
                  <ContentCopy />
                </IconButton>
              </InputAdornment>
            ) : null,
        },
      }}
    />
  );
}
