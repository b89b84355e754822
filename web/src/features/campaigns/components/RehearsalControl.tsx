import PlayArrow from '@mui/icons-material/PlayArrow';
import Stop from '@mui/icons-material/Stop';
import { Alert, Button, Stack, TextField, Typography } from '@mui/material';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { ProblemAlert } from '@/components/ProblemAlert';
import { Section } from '@/components/Section';
import { StatusChip } from '@/components/StatusChip';
import { useFormat } from '@/lib/i18n/format';
import type { Rehearsal } from '../api/rehearsal';
import { goesOn, rehearsalKey, startRehearsal, stopRehearsal } from '../api/rehearsal';

const PEOPLE_MAX = 1000;
const PEOPLE_USUAL = 100;
const TONES = { starting: 'info', running: 'info', done: 'success', failed: 'error' } as const;

interface Props {
  id: number;
  rehearsal: Rehearsal | null;
  mayManage: boolean;
}

/** How the rehearsal is doing, and the buttons that start and end one. */
export function RehearsalControl({ id, rehearsal, mayManage }: Props) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  return (
    <Section
      title={t(rehearsal ? `rehearsal.state.${rehearsal.state}` : 'rehearsal.none')}
      text={
        rehearsal
          ? t('rehearsal.since', { count: rehearsal.people, at: format.dateTime(rehearsal.started) })
          : t('rehearsal.noneText')
      }
      aside={
        rehearsal ? (
          <StatusChip
            label={t(`rehearsal.chip.${rehearsal.state}`)}
            tone={TONES[rehearsal.state]}
            active={goesOn(rehearsal)}
          />
        ) : null
      }
    >
      {rehearsal?.error ? (
        <Alert severity="error" sx={{ mb: 2 }}>
          <Ltr>{rehearsal.error}</Ltr>
        </Alert>
      ) : null}
      {mayManage ? <Buttons id={id} rehearsal={rehearsal} /> : null}
    </Section>
  );
}

function Buttons({ id, rehearsal }: Omit<Props, 'mayManage'>) {
  const { t } = useTranslation('campaigns');
  const queries = useQueryClient();
  const [text, setText] = useState(String(PEOPLE_USUAL));
  const people = Number(text);
  const right = Number.isInteger(people) && people >= 1 && people <= PEOPLE_MAX;
  const again = () => queries.invalidateQueries({ queryKey: rehearsalKey(id) });
  const start = useMutation({
    mutationFn: () => startRehearsal(id, people),
    onSuccess: (begun) => queries.setQueryData(rehearsalKey(id), begun),
    // Refused, since somebody else's goes on: show that one.
    onError: again,
  });
  const stop = useMutation({ mutationFn: () => stopRehearsal(id), onSettled: again });
  if (goesOn(rehearsal))
    return (
      <>
        <Typography color="text.secondary" sx={{ mb: 2 }}>
          {t('rehearsal.goesOn')}
        </Typography>
        <Button
          variant="outlined"
          startIcon={<Stop />}
          loading={stop.isPending}
          onClick={() => stop.mutate()}
        >
          {t('rehearsal.stop')}
        </Button>
        <ProblemAlert error={stop.error} sx={{ mt: 2 }} />
      </>
    );
  return (
    <>
      <Stack
        component="form"
        noValidate
        direction={{ xs: 'column', sm: 'row' }}
        spacing={1.5}
        sx={{ alignItems: { sm: 'flex-start' } }}
        onSubmit={(event) => {
          event.preventDefault();
          if (right) start.mutate();
        }}
      >
        <TextField
          type="number"
          size="small"
          label={t('rehearsal.people')}
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={!right}
          helperText={right ? ' ' : t('rehearsal.peopleRange', { most: PEOPLE_MAX })}
          slotProps={{ htmlInput: { min: 1, max: PEOPLE_MAX, dir: 'ltr' } }}
          sx={{ width: { sm: 220 } }}
        />
        <Button type="submit" variant="contained" startIcon={<PlayArrow />} loading={start.isPending}>
          {t(rehearsal ? 'rehearsal.again' : 'rehearsal.start')}
        </Button>
      </Stack>
      <ProblemAlert error={start.error} />
    </>
  );
}
