import { Box, Skeleton, Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import { Suspense, lazy } from 'react';
import { useTranslation } from 'react-i18next';
import { Section } from '@/components/Section';
import type { Schema } from '@/lib/api/client';
import { useFormat } from '@/lib/i18n/format';
import { outcomesOf } from '../api/outcomes';
import { shareOf } from '../api/people';

const OutcomeChart = lazy(() => import('./OutcomeChart'));

/** How the calls ended: a chart, and a table that says the same. */
export function Outcomes({ counts }: { counts: Schema<'ByOutcome'> }) {
  const { t } = useTranslation(['campaigns', 'terms']);
  const format = useFormat();
  const outcomes = outcomesOf(counts);
  const all = outcomes.reduce((sum, one) => sum + one.count, 0);
  const names = Object.fromEntries(outcomes.map(({ outcome }) => [outcome, t(`terms:outcome.${outcome}`)]));
  return (
    <Section title={t('outcomes.title')}>
      {all === 0 ? (
        <Typography color="text.secondary">{t('outcomes.none')}</Typography>
      ) : (
        <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: '3fr 2fr' } }}>
          <Suspense fallback={<Skeleton variant="rounded" height={outcomes.length * 36} />}>
            <OutcomeChart outcomes={outcomes} names={names} />
          </Suspense>
          <Table size="small" aria-label={t('outcomes.title')}>
            <TableHead>
              <TableRow>
                <TableCell>{t('outcomes.outcome')}</TableCell>
                <TableCell align="right">{t('field.calls')}</TableCell>
                <TableCell align="right">{t('outcomes.share')}</TableCell>
              </TableRow>
            </TableHead>
            <TableBody>
              {outcomes.map(({ outcome, count }) => (
                <TableRow key={outcome}>
                  <TableCell component="th" scope="row">
                    {names[outcome]}
                  </TableCell>
                  <TableCell align="right">{format.number(count)}</TableCell>
                  <TableCell align="right">{format.share(shareOf(count, all))}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </Box>
      )}
    </Section>
  );
}
