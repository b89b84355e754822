import { Alert } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/lib/i18n/format';
import { useAppSelector } from '@/lib/state/store';

/** true while figures do not move, since the live connection is lost. */
export function useStanding(): boolean {
  return useAppSelector((state) => state.connection.live === 'lost');
}

/** Says since when the figures stand still; on a wall screen nothing else says so. */
export function Standing({ since }: { since: string }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  return (
    <Alert severity="warning" variant="filled" role="status" sx={{ mb: 2 }}>
      {t('standing', { at: format.time(since) })}
    </Alert>
  );
}
