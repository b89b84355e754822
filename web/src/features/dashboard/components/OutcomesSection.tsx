import { Box, Skeleton, Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import { Suspense, lazy } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorState } from '@/components/ErrorState';
import { Ltr } from '@/components/Ltr';
import { Section } from '@/components/Section';
import { useFormat } from '@/lib/i18n/format';
import { useOutcomes } from '../api/dashboard';
import type { Minute } from '../api/outcomes';
import { GROUPS } from '../api/outcomes';
import { GROUP_COLOURS } from './groups';

const OutcomesOverTime = lazy(() => import('./OutcomesOverTime'));

/** How the calls of the last half hour ended. */
export function OutcomesSection() {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const { minutes, error, again } = useOutcomes();
  // Seconds would be noise: a bar is a minute.
  const time = (at: number) => format.time(at).replace(/:\d\d$/, '');
  return (
    <Section title={t('outcomes.title')} text={t('outcomes.text')} aside={<Legend minutes={minutes} />}>
      {error ? <ErrorState error={error} onRetry={() => void again()} /> : null}
      <Suspense fallback={<Skeleton variant="rounded" height={260} />}>
        <OutcomesOverTime minutes={minutes} time={time} />
      </Suspense>
      <MinuteTable minutes={minutes} time={time} />
    </Section>
  );
}

function Legend({ minutes }: { minutes: Minute[] }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  return (
    <Box
      component="ul"
      sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 2.5, rowGap: 0.5, m: 0, p: 0, listStyle: 'none' }}
    >
      {GROUPS.map((group) => (
        <Box component="li" key={group} sx={{ display: 'flex', alignItems: 'center', gap: 0.75 }}>
          <Box
            aria-hidden
            sx={{ width: 10, height: 10, borderRadius: '3px', bgcolor: `${GROUP_COLOURS[group]}.main` }}
          />
          <Typography variant="body2">
            {t(`outcomes.${group}`)}{' '}
            <b>{format.number(minutes.reduce((sum, minute) => sum + minute[group], 0))}</b>
          </Typography>
        </Box>
      ))}
    </Box>
  );
}

/** The chart in numbers; closed until somebody wants it. */
function MinuteTable({ minutes, time }: { minutes: Minute[]; time: (at: number) => string }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const some = minutes.filter((minute) => GROUPS.some((group) => minute[group] > 0)).reverse();
  return (
    <Box component="details" sx={{ mt: 1 }}>
      <Box component="summary" sx={{ cursor: 'pointer', py: 0.5, width: 'fit-content' }}>
        {t('outcomes.asTable')}
      </Box>
      <Table size="small" aria-label={t('outcomes.title')}>
        <TableHead>
          <TableRow>
            <TableCell>{t('outcomes.minute')}</TableCell>
            {GROUPS.map((group) => (
              <TableCell key={group} align="right">
                {t(`outcomes.${group}`)}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {some.map((minute) => (
            <TableRow key={minute.at}>
              <TableCell component="th" scope="row">
                <Ltr>{time(minute.at)}</Ltr>
              </TableCell>
              {GROUPS.map((group) => (
                <TableCell key={group} align="right">
                  {format.number(minute[group])}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Box>
  );
}
