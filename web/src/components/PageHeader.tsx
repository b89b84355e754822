import { Box, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import { useEffect } from 'react';

interface Props {
  title: string;
  /** A sentence that says what the page is for. */
  text?: ReactNode;
  /** Above the title: where one comes from. */
  above?: ReactNode;
  /** Beside the title: a state. */
  beside?: ReactNode;
  /** What one can do here, the main thing last. */
  actions?: ReactNode;
}

/** Title, what one can do, and the browser's title. One a page: its h1. */
export function PageHeader({ title, text, above, beside, actions }: Props) {
  useEffect(() => {
    document.title = `${title} · Kolcast`;
  }, [title]);
  return (
    <Box component="header" sx={{ mb: 3 }}>
      {above}
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 2, alignItems: 'center' }}>
        <Box sx={{ flex: '1 1 16rem', minWidth: 0 }}>
          <Box sx={{ display: 'flex', gap: 1.5, alignItems: 'center', flexWrap: 'wrap' }}>
            <Typography variant="h1" sx={{ overflowWrap: 'anywhere' }}>
              {title}
            </Typography>
            {beside}
          </Box>
          {text ? (
            <Typography color="text.secondary" sx={{ mt: 0.5, maxWidth: '65ch' }}>
              {text}
            </Typography>
          ) : null}
        </Box>
        {actions ? <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1 }}>{actions}</Box> : null}
      </Box>
    </Box>
  );
}
