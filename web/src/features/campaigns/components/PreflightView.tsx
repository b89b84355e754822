import { Alert, Stack, Table, TableBody, TableCell, TableRow } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Figure, Figures } from '@/components/Figures';
import type { Schema } from '@/lib/api/client';
import { useFormat } from '@/lib/i18n/format';

type Preflight = Schema<'Preflight'>;

/** Before anybody is called: how many, how many not and why, until when, for how much. */
export function PreflightView({ preflight }: { preflight: Preflight }) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const { callable, next_open, finish } = preflight;
  return (
    <Stack spacing={2.5}>
      {callable === 0 ? <Alert severity="warning">{t('preflight.nobody')}</Alert> : null}
      <Figures min="11rem">
        <Figure
          label={t('preflight.callable')}
          value={format.number(callable)}
          hint={t('preflight.ofPeople', { people: format.number(preflight.people) })}
        />
        <Figure
          label={t('preflight.begins')}
          value={
            preflight.open_now > 0
              ? t('preflight.now')
              : next_open
                ? format.ago(next_open)
                : t('preflight.never')
          }
          hint={preflight.open_now > 0 || !next_open ? null : format.dateTime(next_open)}
        />
        <Figure
          label={t('preflight.finish')}
          value={finish ? format.ago(finish) : t('preflight.unknown')}
          hint={finish ? format.dateTime(finish) : null}
        />
        <Figure
          label={t('preflight.cost')}
          value={format.money(preflight.cost, preflight.currency)}
          hint={t('preflight.calls', { calls: format.number(Math.round(preflight.calls)) })}
        />
      </Figures>
      <NotCalled preflight={preflight} />
      <Assumed preflight={preflight} />
    </Stack>
  );
}

/** Who will not be called, by reason. */
function NotCalled({ preflight }: { preflight: Preflight }) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const { by_state } = preflight;
  const reasons = [
    ['blacklisted', preflight.blacklisted],
    ['neverOpen', preflight.never_open],
    ['late', preflight.late],
    ['reached', by_state.reached],
    ['exhausted', by_state.exhausted],
    ['refused', by_state.refused],
    ['removed', by_state.removed],
  ] as const;
  const some = reasons.filter(([, count]) => count > 0);
  if (some.length === 0) return null;
  return (
    <Table size="small" aria-label={t('preflight.notCalled')}>
      <caption style={{ captionSide: 'top', textAlign: 'start', fontSize: '1rem' }}>
        {t('preflight.notCalled')}
      </caption>
      <TableBody>
        {some.map(([reason, count]) => (
          <TableRow key={reason}>
            <TableCell component="th" scope="row">
              {t(`preflight.reason.${reason}`)}
            </TableCell>
            <TableCell align="right" sx={{ width: '7rem' }}>
              {format.number(count)}
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

/** What the estimate rests on. */
function Assumed({ preflight }: { preflight: Preflight }) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const measured = preflight.answer_measured && preflight.call_measured;
  return (
    <Alert severity="info" variant="outlined">
      {t(measured ? 'preflight.measured' : 'preflight.assumed', {
        share: format.share(preflight.answer_share),
        seconds: format.number(Math.round(preflight.call_seconds)),
      })}
    </Alert>
  );
}
