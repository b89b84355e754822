import { Alert, Box, Button, LinearProgress, Paper, Stack, Typography } from '@mui/material';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemAlert } from '@/components/ProblemAlert';
import { useFormat } from '@/lib/i18n/format';
import { bytes } from '../api/bytes';
import type { Upload, UploadProgress } from '../api/uploads';
import { FILE_MAX, uploadFile } from '../api/uploads';
import { DropZone } from './DropZone';

interface Props {
  onUploaded: (file: File, upload: Upload) => void;
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function FileStep({ onUploaded }: Props) {
  const { t } = useTranslation('people');
  const [file, setFile] = useState<File | null>(null);
  const [progress, setProgress] = useState<UploadProgress | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const unfit = file && (file.size === 0 ? 'fileEmpty' : file.size > FILE_MAX ? 'fileTooLarge' : null);
  const start = async (chosen: File) => {
    setFile(chosen);
    setProblem(null);
    if (chosen.size === 0 || chosen.size > FILE_MAX) return;
    const control = new AbortController();
    running.current = control;
    setProgress({ received: 0, total: chosen.size, waiting: false });
    try {
      onUploaded(chosen, await uploadFile(chosen, setProgress, control.signal));
    } catch (error) {
      if (!isAbort(error)) setProblem(error);
    }
    setProgress(null);
  };

  if (file && progress)
    return <Uploading file={file} progress={progress} onStop={() => running.current?.abort()} />;
  return (
    <Stack spacing={2}>
      <ProblemAlert error={problem} />
      {unfit ? (
        <Alert severity="error" role="alert">
          {t('wizard.tooLargeTitle')}: {t(`wizard.${unfit}`)}
        </Alert>
      ) : null}
      <DropZone onFile={(chosen) => void start(chosen)} />
    </Stack>
  );
}

interface UploadingProps {
  file: File;
  progress: UploadProgress;
  onStop: () => void;
}

function Uploading({ file, progress, onStop }: UploadingProps) {
  const { t } = useTranslation('people');
  const format = useFormat();
  const share = progress.total > 0 ? progress.received / progress.total : 0;
  const title = t('wizard.uploading', { file: file.name });
  return (
    <Paper variant="outlined" sx={{ p: 3 }}>
      <Typography variant="h2">{title}</Typography>
      <LinearProgress
        aria-label={title}
        variant="determinate"
        value={share * 100}
        color={progress.waiting ? 'warning' : 'primary'}
        sx={{ my: 2, height: 8, borderRadius: 4 }}
      />
      {progress.waiting ? (
        <Alert severity="warning" sx={{ mb: 2 }}>
          {t('wizard.waiting', { share: format.share(share) })}
        </Alert>
      ) : null}
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 2 }}>
        <Typography color="text.secondary" sx={{ flex: 1 }}>
          {t('wizard.progress', {
            done: bytes(progress.received, format),
            total: bytes(progress.total, format),
          })}
        </Typography>
        <Button onClick={onStop}>{t('wizard.stop')}</Button>
      </Box>
    </Paper>
  );
}
