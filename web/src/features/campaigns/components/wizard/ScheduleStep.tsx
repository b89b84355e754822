import { Box, Stack, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import type { Control } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { FormAutocomplete } from '@/components/form/FormAutocomplete';
import { FormTextField } from '@/components/form/FormTextField';
import { usePlaces } from '@/lib/i18n/places';
import type { Values } from '../../api/wizard';
import { Holidays } from './Holidays';
import { RetryFields } from './RetryFields';
import { WeekEditor } from './WeekEditor';

interface Props {
  control: Control<Values>;
  currency: string;
}

/** When, how fast, how often. */
export function ScheduleStep({ control, currency }: Props) {
  const { t } = useTranslation('campaigns');
  const { zones } = usePlaces();
  const moment = { type: 'datetime-local', ltr: true, slotProps: { inputLabel: { shrink: true } } } as const;
  return (
    <Stack spacing={4}>
      <Stack spacing={3}>
        <WeekEditor control={control} />
        <FormAutocomplete
          control={control}
          name="time_zone"
          ltr
          label={t('field.zone')}
          hint={t('wizard.zoneHint')}
          choices={zones}
        />
        <Pair>
          <FormTextField
            control={control}
            name="start"
            label={t('wizard.start')}
            hint={t('wizard.startHint')}
            {...moment}
          />
          <FormTextField
            control={control}
            name="end"
            label={t('wizard.end')}
            hint={t('wizard.endHint')}
            {...moment}
          />
        </Pair>
        <Holidays control={control} />
      </Stack>
      <Part title={t('wizard.paceTitle')} text={t('wizard.paceText')}>
        <Pair>
          <FormTextField
            control={control}
            name="pace.calls_per_second"
            type="number"
            ltr
            label={t('wizard.callsPerSecond')}
          />
          <FormTextField
            control={control}
            name="pace.max_calls"
            type="number"
            ltr
            label={t('wizard.maxCalls')}
          />
        </Pair>
      </Part>
      <Part title={t('wizard.retryTitle')} text={t('wizard.retryText')}>
        <RetryFields control={control} />
      </Part>
      <Part title={t('wizard.costTitle')} text={t('wizard.costText', { currency })}>
        <Pair>
          <FormTextField
            control={control}
            name="cost.per_minute"
            type="number"
            ltr
            label={t('wizard.perMinute')}
          />
          <FormTextField
            control={control}
            name="cost.per_call"
            type="number"
            ltr
            label={t('wizard.perCall')}
          />
        </Pair>
      </Part>
    </Stack>
  );
}

function Pair({ children }: { children: ReactNode }) {
  return <Box sx={{ display: 'grid', gridTemplateColumns: { sm: '1fr 1fr' }, gap: 3 }}>{children}</Box>;
}

function Part({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <section>
      <Typography variant="h3" component="h3">
        {title}
      </Typography>
      <Typography variant="body2" color="text.secondary" sx={{ mb: 2 }}>
        {text}
      </Typography>
      {children}
    </section>
  );
}
