import { Box } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import type { Windows } from '../api/config';
import { DAYS, runsOf, weekOf } from '../api/week';

/** Calling hours in words. */
export function WeekText({ windows }: { windows: Windows }) {
  const { t } = useTranslation('campaigns');
  const week = weekOf(windows);
  if (!week) return <Ltr>{typeof windows === 'string' ? windows : JSON.stringify(windows)}</Ltr>;
  const day = (i: number) => t(`day.${DAYS[i] ?? 'sun'}`);
  return runsOf(week).map(({ first, last, spans }) => (
    <Box key={first}>
      {first === last ? day(first) : t('content.days', { first: day(first), last: day(last) })}
      {': '}
      <Ltr>{spans.map(({ from, to }) => `${from}–${to}`).join(', ')}</Ltr>
    </Box>
  ));
}
