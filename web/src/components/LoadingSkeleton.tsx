import { Box, Skeleton, Stack } from '@mui/material';
import { visuallyHidden } from '@mui/utils';
import { useTranslation } from 'react-i18next';

interface Props {
  /** table: rows; form: fields; page: a title and rows. */
  kind?: 'table' | 'form' | 'page';
  rows?: number;
}

/** The shape of what is coming. */
export function LoadingSkeleton({ kind = 'table', rows = 6 }: Props) {
  const { t } = useTranslation();
  const height = kind === 'form' ? 56 : 40;
  return (
    <Box role="status">
      <span style={visuallyHidden}>{t('state.loading')}</span>
      <Stack spacing={kind === 'form' ? 3 : 1.5} aria-hidden>
        {kind === 'page' ? <Skeleton variant="text" width="30%" height={52} /> : null}
        {Array.from({ length: rows }, (_, i) => (
          <Skeleton key={i} variant="rounded" height={height} sx={{ opacity: 1 - i / (rows + 2) }} />
        ))}
      </Stack>
    </Box>
  );
}
