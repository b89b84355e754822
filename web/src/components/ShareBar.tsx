import { Box, LinearProgress, Typography } from '@mui/material';
import { useFormat } from '@/lib/i18n/format';

/** A share as a bar with its number beside it. */
export function ShareBar({ label, value }: { label: string; value: number }) {
  const format = useFormat();
  return (
    <Box sx={{ display: 'flex', gap: 1.5, alignItems: 'center', minWidth: 0 }}>
      <LinearProgress
        variant="determinate"
        value={Math.min(100, Math.round(value * 100))}
        aria-label={label}
        sx={{ flex: 1, height: 6, borderRadius: 3, minWidth: 32 }}
      />
      <Typography variant="body2" sx={{ minWidth: '3.5em', fontVariantNumeric: 'tabular-nums' }}>
        {format.share(value)}
      </Typography>
    </Box>
  );
}
