import { Box, Paper, Typography } from '@mui/material';
import type { ReactNode } from 'react';

interface Props {
  icon?: ReactNode;
  title: string;
  /** What to do next, in a sentence. */
  text?: ReactNode;
  /** The button that does it. */
  action?: ReactNode;
  /** Where it is all that the page shows: its h1. */
  whole?: boolean;
}

/** Instead of an empty list: what will be here, and how it gets there. */
export function EmptyState({ icon, title, text, action, whole = false }: Props) {
  return (
    <Paper variant="outlined" sx={{ px: 3, py: 7, textAlign: 'center', borderStyle: 'dashed' }}>
      {icon ? (
        <Box aria-hidden sx={{ color: 'primary.main', mb: 1.5, '& svg': { fontSize: 44 } }}>
          {icon}
        </Box>
      ) : null}
      <Typography variant="h2" component={whole ? 'h1' : 'h2'} gutterBottom>
        {title}
      </Typography>
      {text ? (
        <Typography color="text.secondary" sx={{ maxWidth: '52ch', mx: 'auto' }}>
          {text}
        </Typography>
      ) : null}
      {action ? <Box sx={{ mt: 3 }}>{action}</Box> : null}
    </Paper>
  );
}
