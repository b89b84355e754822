import { Box, Paper, Typography } from '@mui/material';
import type { ReactNode } from 'react';

/** Figures side by side, as many as there is room for. Holds Figure. */
export function Figures({ children, min = '13.5rem' }: { children: ReactNode; min?: string }) {
  return (
    <Box
      component="dl"
      sx={{
        display: 'grid',
        gridTemplateColumns: { xs: 'repeat(2, minmax(0, 1fr))', sm: `repeat(auto-fit, minmax(${min}, 1fr))` },
        gap: { xs: 1.5, sm: 2 },
        m: 0,
      }}
    >
      {children}
    </Box>
  );
}

interface Props {
  label: string;
  value: ReactNode;
  /** Below it, smaller: of how many, compared with what. */
  hint?: ReactNode;
  icon?: ReactNode;
}

/** One number that matters, with its name. */
export function Figure({ label, value, hint, icon }: Props) {
  return (
    <Paper variant="outlined" sx={{ p: { xs: 1.5, sm: 2 }, minWidth: 0 }}>
      <Typography
        component="dt"
        variant="body2"
        color="text.secondary"
        sx={{ display: 'flex', gap: 0.75, alignItems: 'center', '& svg': { fontSize: 18 } }}
      >
        {icon}
        {label}
      </Typography>
      <Box component="dd" sx={{ m: 0, mt: 0.5 }}>
        <Box
          sx={{
            fontSize: 'clamp(1.35rem, 1rem + 1vw, 1.9rem)',
            fontWeight: 600,
            lineHeight: 1.25,
            fontVariantNumeric: 'tabular-nums',
            overflowWrap: 'anywhere',
          }}
        >
          {value}
        </Box>
        {hint ? (
          <Typography variant="body2" color="text.secondary" component="div">
            {hint}
          </Typography>
        ) : null}
      </Box>
    </Paper>
  );
}
