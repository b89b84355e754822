import { Alert, Box, Button } from '@mui/material';
import { useContext } from 'react';
import { useTranslation } from 'react-i18next';
import { LiveContext } from '@/lib/live/useLive';
import { useAppSelector } from '@/lib/state/store';

/** Says that figures stand still while the live connection is lost. */
export function LiveBanner() {
  const { t } = useTranslation('shell');
  const lost = useAppSelector((state) => state.connection.live === 'lost');
  const connection = useContext(LiveContext);
  return (
    <Box role="status">
      {lost ? (
        <Alert
          severity="warning"
          role="presentation"
          sx={{ borderRadius: 0 }}
          action={
            <Button color="inherit" onClick={() => connection?.hurry()}>
              {t('live.retry')}
            </Button>
          }
        >
          {t('live.lost')}
        </Alert>
      ) : null}
    </Box>
  );
}
