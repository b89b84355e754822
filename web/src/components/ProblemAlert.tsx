import type { SxProps } from '@mui/material';
import { Alert } from '@mui/material';
import { ProblemText } from './ProblemText';

/** What went wrong with what one just tried; nothing when nothing did. */
export function ProblemAlert({ error, sx }: { error: unknown; sx?: SxProps }) {
  if (!error) return null;
  return (
    <Alert severity="error" role="alert" sx={sx}>
      <ProblemText error={error} />
    </Alert>
  );
}
