import { Box, Chip } from '@mui/material';

export type StatusTone = 'neutral' | 'info' | 'success' | 'warning' | 'error';

const COLOURS = {
  neutral: 'text.secondary',
  info: 'info.main',
  success: 'success.main',
  warning: 'warning.main',
  error: 'error.main',
} as const;

interface Props {
  label: string;
  tone?: StatusTone;
  /** Something goes on right now: the dot breathes. */
  active?: boolean;
}

/** A state as a word with a dot; the colour only repeats what the word says. */
export function StatusChip({ label, tone = 'neutral', active = false }: Props) {
  return (
    <Chip
      size="small"
      variant="outlined"
      label={label}
      icon={
        <Box
          component="span"
          sx={{
            width: 8,
            height: 8,
            borderRadius: '50%',
            bgcolor: COLOURS[tone],
            marginInlineStart: '10px !important',
            marginInlineEnd: '-2px !important',
            animation: active ? 'kolcast-breathe 2s ease-in-out infinite' : 'none',
            '@keyframes kolcast-breathe': { '50%': { opacity: 0.35 } },
          }}
        />
      }
    />
  );
}
