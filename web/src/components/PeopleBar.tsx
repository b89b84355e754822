import { Box, Typography } from '@mui/material';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/lib/api/client';
import { useFormat } from '@/lib/i18n/format';

type Counts = Schema<'ByTargetState'>;
const STATES = ['reached', 'claimed', 'waiting', 'exhausted', 'refused', 'blacklisted', 'removed'] as const;

const COLOURS: Record<(typeof STATES)[number], string> = {
  reached: 'success.main',
  claimed: 'info.main',
  waiting: 'divider',
  exhausted: 'warning.main',
  refused: 'error.main',
  blacklisted: 'text.secondary',
  removed: 'text.disabled',
};

/** What became of a campaign's people: one bar, and its legend with the numbers. */
export function PeopleBar({ counts, label }: { counts: Counts; label: string }) {
  const { t } = useTranslation('terms');
  const format = useFormat();
  const all = STATES.reduce((sum, state) => sum + counts[state], 0);
  // The usual three are always named, the others when there is somebody.
  const named = STATES.filter((state) => counts[state] > 0 || ['reached', 'waiting'].includes(state));
  return (
    <Box>
      <Box
        aria-hidden
        sx={{ display: 'flex', height: 14, borderRadius: 7, overflow: 'hidden', bgcolor: 'action.hover' }}
      >
        {all > 0
          ? STATES.map((state) => (
              <Box
                key={state}
                sx={{
                  width: `${(100 * counts[state]) / all}%`,
                  bgcolor: COLOURS[state],
                  transition: 'width 600ms',
                }}
              />
            ))
          : null}
      </Box>
      <Box
        component="ul"
        aria-label={label}
        sx={{
          display: 'flex',
          flexWrap: 'wrap',
          columnGap: 3,
          rowGap: 0.5,
          p: 0,
          m: 0,
          mt: 1.25,
          listStyle: 'none',
        }}
      >
        {named.map((state) => (
          <Box component="li" key={state} sx={{ display: 'flex', alignItems: 'center', gap: 1 }}>
            <Box
              aria-hidden
              sx={{ width: 10, height: 10, borderRadius: '50%', bgcolor: COLOURS[state], flexShrink: 0 }}
            />
            <Typography variant="body2">
              {t(`person.${state}`)} <b>{format.number(counts[state])}</b>
            </Typography>
          </Box>
        ))}
      </Box>
    </Box>
  );
}
