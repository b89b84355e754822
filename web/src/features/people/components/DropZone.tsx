import { Box, Button, Typography } from '@mui/material';
import CloudUploadOutlined from '@mui/icons-material/CloudUploadOutlined';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  onFile: (file: File) => void;
}

/** A place to drop a file on; its button does the same by keyboard. */
export function DropZone({ onFile }: Props) {
  const { t } = useTranslation('people');
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file) onFile(file);
  };
  return (
    <Box
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
      sx={{
        p: { xs: 4, sm: 7 },
        textAlign: 'center',
        border: 2,
        borderStyle: 'dashed',
        borderColor: over ? 'primary.main' : 'divider',
        borderRadius: 2,
        bgcolor: over ? 'action.hover' : 'background.paper',
      }}
    >
      <CloudUploadOutlined aria-hidden color="primary" sx={{ fontSize: 48, mb: 1 }} />
      <Typography variant="h2">{t('wizard.drop')}</Typography>
      <Typography color="text.secondary" sx={{ mb: 2 }}>
        {t('wizard.dropOr')}
      </Typography>
      <Button variant="contained" onClick={() => input.current?.click()}>
        {t('wizard.choose')}
      </Button>
      <Typography variant="body2" color="text.secondary" sx={{ mt: 2 }}>
        {t('wizard.formats')}
      </Typography>
      <input
        ref={input}
        type="file"
        hidden
        accept=".csv,.xlsx,.txt,text/csv"
        aria-label={t('wizard.choose')}
        onChange={(event) => {
          take(event.target.files);
          event.target.value = ''; // the same file may be chosen again
        }}
      />
    </Box>
  );
}
