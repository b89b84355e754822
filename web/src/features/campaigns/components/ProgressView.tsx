import { Alert, Stack } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Figure, Figures } from '@/components/Figures';
import { Ltr } from '@/components/Ltr';
import { PeopleBar } from '@/components/PeopleBar';
import { useFormat } from '@/lib/i18n/format';
import { peopleOf, shareOf } from '../api/people';
import type { Progress } from '../api/progress';

interface Props {
  progress: Progress;
  currency: string;
  /** A rehearsal costs nothing. */
  rehearsal?: boolean;
}

/** How far it is: people, calls, pace. Shown of campaigns and of rehearsals. */
export function ProgressView({ progress, currency, rehearsal = false }: Props) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const running = progress.state === 'running';
  const people = peopleOf(progress.people);
  // As the service counts: an answering machine took the call, too.
  const answered = (progress.by_outcome.answered ?? 0) + (progress.by_outcome.machine ?? 0);
  const { next_open, finish } = progress;
  return (
    <Stack spacing={2.5}>
      {progress.note ? (
        <Alert severity={running ? 'info' : 'warning'} variant="outlined">
          {running && next_open ? t('progress.opens', { at: format.dateTime(next_open) }) : null}{' '}
          <Ltr>{progress.note}</Ltr>
        </Alert>
      ) : null}
      <PeopleBar counts={progress.people} label={t('progress.people')} />
      <Figures>
        <Figure
          label={t('progress.reached')}
          value={format.share(shareOf(progress.people.reached, people))}
          hint={t('progress.reachedOf', {
            reached: format.number(progress.people.reached),
            people: format.number(people),
          })}
        />
        <Figure
          label={t('progress.calls')}
          value={format.number(progress.calls)}
          hint={t('progress.answered', { share: format.share(shareOf(answered, progress.calls)) })}
        />
        {running ? (
          <>
            <Figure
              label={t('progress.up')}
              value={format.number(progress.calls_up)}
              hint={t('progress.ringing', { count: progress.calls_ringing })}
            />
            <Figure
              label={t('progress.pace')}
              value={format.number(progress.pace_measured)}
              hint={t('progress.paceOf', {
                now: format.number(progress.pace_now),
                cap: format.number(progress.pace_cap),
              })}
            />
          </>
        ) : null}
        <Figure
          label={t('progress.keys')}
          value={format.number(progress.keys)}
          hint={t('progress.texts', { count: progress.texts })}
        />
        <Figure
          label={t('progress.optOuts')}
          value={format.number(progress.opt_outs)}
          hint={t('progress.optOutsOf', { share: format.share(shareOf(progress.opt_outs, answered)) })}
        />
        {rehearsal ? null : (
          <Figure label={t('progress.cost')} value={format.money(progress.cost, currency)} />
        )}
        {running && finish && !rehearsal ? (
          <Figure label={t('progress.finish')} value={format.ago(finish)} hint={format.dateTime(finish)} />
        ) : null}
      </Figures>
      {running && progress.pace_reason ? (
        <Alert severity="warning" variant="outlined">
          {t('progress.slowed')} <Ltr>{progress.pace_reason}</Ltr>
        </Alert>
      ) : null}
    </Stack>
  );
}
