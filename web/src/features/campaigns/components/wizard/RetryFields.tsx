import ExpandMore from '@mui/icons-material/ExpandMore';
import { Accordion, AccordionDetails, AccordionSummary, Box, Stack } from '@mui/material';
import type { Control } from 'react-hook-form';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { FormSelect } from '@/components/form/FormSelect';
import { FormTextField } from '@/components/form/FormTextField';
import type { RetryRule } from '../../api/config';
import type { Values } from '../../api/wizard';
import { RULES } from '../../api/wizard';

const WAITS = ['1m', '2m', '5m', '10m', '30m', '1h', '2h', '4h', '1d'] as const;
const RINGS = ['15s', '20s', '25s', '30s', '45s', '60s'] as const;
const LONGEST = ['1m', '2m', '3m', '5m', '10m', '30m'] as const;
const UNITS = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days' } as const;

/** "10m" in words; what has no words here, such as "1.5h", as it is. */
function useDurations(): (usual: readonly string[], now: string) => { value: string; label: string }[] {
  const { t } = useTranslation('campaigns');
  const label = (text: string) => {
    const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
    const name = UNITS[unit as keyof typeof UNITS] as (typeof UNITS)[keyof typeof UNITS] | undefined;
    return count && name ? t(`duration.${name}`, { count: Number(count) }) : text;
  };
  return (usual, now) => [...new Set([...usual, now])].map((value) => ({ value, label: label(value) }));
}

/** How often a person is tried, and what happens after each outcome. */
export function RetryFields({ control }: { control: Control<Values> }) {
  const { t } = useTranslation(['campaigns', 'terms']);
  const durations = useDurations();
  const [retry, ring, longest] = useWatch({ control, name: ['retry', 'ring_timeout', 'max_call'] });
  const grid = { display: 'grid', gridTemplateColumns: { sm: '1fr 1fr' }, gap: 2.5 } as const;
  return (
    <Stack spacing={2.5}>
      <Box sx={grid}>
        <FormTextField
          control={control}
          name="retry.max_attempts"
          type="number"
          ltr
          label={t('wizard.maxAttempts')}
        />
        <FormTextField
          control={control}
          name="retry.per_day"
          type="number"
          ltr
          label={t('wizard.perDay')}
          hint={t('wizard.perDayHint')}
        />
      </Box>
      <Accordion variant="outlined" disableGutters sx={{ borderRadius: 1, '&::before': { display: 'none' } }}>
        <AccordionSummary expandIcon={<ExpandMore />}>{t('wizard.rules')}</AccordionSummary>
        <AccordionDetails>
          <Stack spacing={2.5}>
            {RULES.map((rule: RetryRule) => (
              <Box key={rule} role="group" aria-label={t(`terms:outcome.${rule}`)} sx={grid}>
                <FormTextField
                  control={control}
                  name={`retry.${rule}.times`}
                  type="number"
                  ltr
                  label={t('wizard.times', { outcome: t(`terms:outcome.${rule}`) })}
                />
                <FormSelect
                  control={control}
                  name={`retry.${rule}.after`}
                  label={t('wizard.after')}
                  options={durations(WAITS, retry[rule].after)}
                />
              </Box>
            ))}
            <Box sx={grid}>
              <FormSelect
                control={control}
                name="ring_timeout"
                label={t('wizard.ring')}
                options={durations(RINGS, ring)}
              />
              <FormSelect
                control={control}
                name="max_call"
                label={t('wizard.longest')}
                options={durations(LONGEST, longest)}
              />
            </Box>
          </Stack>
        </AccordionDetails>
      </Accordion>
    </Stack>
  );
}
