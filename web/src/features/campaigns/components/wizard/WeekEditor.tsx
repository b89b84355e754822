import Add from '@mui/icons-material/Add';
import Close from '@mui/icons-material/Close';
import {
  Box,
  Button,
  Checkbox,
  FormControlLabel,
  FormHelperText,
  IconButton,
  TextField,
} from '@mui/material';
import type { Control } from 'react-hook-form';
import { useController } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import type { Values } from '../../api/wizard';
import type { Span, Week } from '../../api/week';
import { DAYS, SPANS_MAX } from '../../api/week';

const USUAL: Span = { from: '09:00', to: '20:30' };

/** The browser's field for times knows no 24:00; the end of the day is its 00:00. */
const shown = (time: string) => (time === '24:00' ? '00:00' : time);
const endOf = (time: string) => (time === '00:00' ? '24:00' : time);

/** Calling hours for each day of the week, up to four spans each. */
export function WeekEditor({ control }: { control: Control<Values> }) {
  const { t } = useTranslation('campaigns');
  const { field, fieldState } = useController({ control, name: 'windows' });
  const week: Week = field.value;
  const setDay = (day: number, spans: Span[]) =>
    field.onChange(week.map((old, at) => (at === day ? spans : old)));
  return (
    <Box component="fieldset" sx={{ border: 0, p: 0, m: 0, minWidth: 0 }}>
      <Box component="legend" sx={{ fontWeight: 600, mb: 1 }}>
        {t('field.hours')}
      </Box>
      {DAYS.map((name, day) => (
        <Day
          key={name}
          name={t(`day.${name}`)}
          spans={week[day] ?? []}
          like={
            week
              .slice(0, day)
              .filter((spans) => spans.length > 0)
              .at(-1) ?? [USUAL]
          }
          onChange={(spans) => setDay(day, spans)}
        />
      ))}
      <FormHelperText error={fieldState.error !== undefined}>
        {fieldState.error?.message ?? t('wizard.hoursHint')}
      </FormHelperText>
    </Box>
  );
}

interface DayProps {
  name: string;
  spans: Span[];
  /** What the day gets when it is opened: as the open day before it. */
  like: Span[];
  onChange: (spans: Span[]) => void;
}

function Day({ name, spans, like, onChange }: DayProps) {
  const { t } = useTranslation('campaigns');
  const last = spans.at(-1);
  const change = (i: number, part: Partial<Span>) =>
    onChange(spans.map((span, at) => (at === i ? { ...span, ...part } : span)));
  return (
    <Box
      role="group"
      aria-label={name}
      sx={{
        display: 'flex',
        flexWrap: 'wrap',
        alignItems: 'center',
        gap: 1,
        py: 0.75,
        borderBottom: 1,
        borderColor: 'divider',
      }}
    >
      <FormControlLabel
        sx={{ width: '9rem', m: 0 }}
        control={<Checkbox checked={spans.length > 0} onChange={(_, on) => onChange(on ? like : [])} />}
        label={name}
      />
      <Box sx={{ display: 'flex', flexDirection: 'column', gap: 1 }}>
        {spans.map((span, i) => (
          <Box key={i} sx={{ display: 'flex', alignItems: 'center', gap: 1 }}>
            <Time
              label={t('wizard.from', { day: name })}
              value={span.from}
              onChange={(from) => change(i, { from })}
            />
            –
            <Time
              label={t('wizard.to', { day: name })}
              value={shown(span.to)}
              onChange={(to) => change(i, { to: endOf(to) })}
            />
            {spans.length > 1 ? (
              <IconButton
                size="small"
                aria-label={t('wizard.removeSpan', { day: name, from: span.from })}
                onClick={() => onChange(spans.filter((_, at) => at !== i))}
              >
                <Close fontSize="small" />
              </IconButton>
            ) : null}
          </Box>
        ))}
      </Box>
      {last && spans.length < SPANS_MAX && last.to !== '24:00' ? (
        <Button
          size="small"
          startIcon={<Add />}
          aria-label={t('wizard.addSpanOf', { day: name })}
          onClick={() => onChange([...spans, { from: last.to, to: '24:00' }])}
        >
          {t('wizard.addSpan')}
        </Button>
      ) : null}
    </Box>
  );
}

function Time({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (time: string) => void;
}) {
  return (
    <TextField
      type="time"
      size="small"
      value={value}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ htmlInput: { 'aria-label': label, dir: 'ltr' } }}
      sx={{ width: '9rem' }}
    />
  );
}
