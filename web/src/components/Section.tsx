import { Box, Paper, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import { useId } from 'react';

interface Props {
  title: string;
  text?: ReactNode;
  /** At the title's end. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A part of a page, on a sheet of its own, under a title. */
export function Section({ title, text, aside, children }: Props) {
  const id = useId();
  return (
    <Paper
      component="section"
      aria-labelledby={id}
      variant="outlined"
      sx={{ p: { xs: 2, sm: 3 }, minWidth: 0 }}
    >
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1.5, alignItems: 'center', mb: 2 }}>
        <Box sx={{ flex: '1 1 12rem' }}>
          <Typography id={id} variant="h2">
            {title}
          </Typography>
          {text ? (
            <Typography variant="body2" color="text.secondary" sx={{ mt: 0.25 }}>
              {text}
            </Typography>
          ) : null}
        </Box>
        {aside}
      </Box>
      {children}
    </Paper>
  );
}
