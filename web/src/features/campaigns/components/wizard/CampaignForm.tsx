import {
  Box,
  Button,
  Paper,
  Stack,
  Step,
  StepButton,
  Stepper,
  Typography,
  useMediaQuery,
} from '@mui/material';
import { useEffect, useRef, useState } from 'react';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { useApiForm } from '@/components/form/useApiForm';
import { ProblemAlert } from '@/components/ProblemAlert';
import type { Campaign } from '../../api/campaigns';
import type { Draft } from '../../api/draft';
import type { Values } from '../../api/wizard';
import { wizardSchema } from '../../api/wizardSchema';
import { CheckStep } from './CheckStep';
import { MessageStep } from './MessageStep';
import { PeopleStep } from './PeopleStep';
import { PurposeStep } from './PurposeStep';
import { ScheduleStep } from './ScheduleStep';
import type { StepName } from './steps';
import { FIELDS, STEPS, faultyStep } from './steps';

interface Props {
  values: Values;
  step: StepName;
  currency: string;
  /** The draft as the service has it; without it there is nothing to check yet. */
  saved?: Campaign;
  onSave: (values: Values) => Promise<void>;
  /** Told of every change, to be kept until it is saved. */
  onKeep?: (draft: Draft) => void;
}

/** The five steps of a campaign. Going to the check saves it. */
export function CampaignForm({ values, step: first, currency, saved, onSave, onKeep }: Props) {
  const { t } = useTranslation('campaigns');
  const [step, setStep] = useState(first);
  const form = useApiForm<Values, Values>({
    schema: wizardSchema,
    values,
    send: async (all) => {
      await onSave(all);
      form.reset(all);
      setStep('check');
    },
  });
  const { control, formState, trigger } = form;
  // Looking at the first page is no beginning.
  const begun = formState.isDirty || step !== 'purpose';
  useKept(control, STEPS.indexOf(step), begun ? onKeep : undefined);
  const heading = useFocusOnStep(step);
  // A fault found at the end is shown where it stands.
  const faulty = faultyStep(formState.errors);
  useEffect(() => {
    const at = STEPS[faulty];
    if (formState.submitCount > 0 && at) setStep(at);
    // Only after a try to save.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [formState.submitCount]);

  const go = async (to: StepName) => {
    if (to === 'check' && (formState.isDirty || !saved)) {
      form.submit();
      return;
    }
    const forward = STEPS.indexOf(to) > STEPS.indexOf(step);
    if (!forward || (await trigger(FIELDS[step], { shouldFocus: true }))) setStep(to);
  };
  const next = STEPS[STEPS.indexOf(step) + 1];
  const before = STEPS[STEPS.indexOf(step) - 1];
  const pages = {
    purpose: <PurposeStep control={control} />,
    people: <PeopleStep control={control} />,
    message: <MessageStep control={control} />,
    schedule: <ScheduleStep control={control} currency={currency} />,
    check: saved ? <CheckStep campaign={saved} /> : null,
  };
  return (
    <Stack spacing={3}>
      <Steps step={step} onStep={(to) => void go(to)} />
      <Paper
        component="form"
        noValidate
        variant="outlined"
        sx={{ p: { xs: 2, sm: 4 }, maxWidth: 880 }}
        onSubmit={(event: React.FormEvent) => {
          event.preventDefault();
          if (next) void go(next);
        }}
      >
        <Typography variant="h2" ref={heading} tabIndex={-1} sx={{ mb: 0.5, outline: 'none' }}>
          {t(`wizard.step.${step}`)}
        </Typography>
        <Typography color="text.secondary" sx={{ mb: 3 }}>
          {t(`wizard.stepText.${step}`)}
        </Typography>
        <ProblemAlert error={form.problem} sx={{ mb: 3 }} />
        {pages[step]}
        {next ? (
          <Box sx={{ display: 'flex', gap: 1.5, mt: 4, flexWrap: 'wrap' }}>
            {before ? <Button onClick={() => setStep(before)}>{t('wizard.back')}</Button> : null}
            <Box sx={{ flex: 1 }} />
            <Button type="submit" variant="contained" loading={form.busy}>
              {t(next === 'check' ? 'wizard.toCheck' : 'wizard.next')}
            </Button>
          </Box>
        ) : null}
      </Paper>
    </Stack>
  );
}

/** Where one is. On a phone in words; else a row of steps that one may go to. */
function Steps({ step, onStep }: { step: StepName; onStep: (to: StepName) => void }) {
  const { t } = useTranslation('campaigns');
  const wide = useMediaQuery((theme) => theme.breakpoints.up('md'));
  const number = STEPS.indexOf(step);
  if (!wide)
    return (
      <Typography role="status" color="text.secondary">
        {t('wizard.progress', { step: number + 1, count: STEPS.length })}
      </Typography>
    );
  return (
    <Stepper nonLinear activeStep={number} component="nav" aria-label={t('wizard.steps')}>
      {STEPS.map((name, i) => (
        <Step key={name} completed={i < number}>
          <StepButton disabled={i > number + 1} onClick={() => onStep(name)}>
            {t(`wizard.step.${name}`)}
          </StepButton>
        </Step>
      ))}
    </Stepper>
  );
}

function useKept(
  control: ReturnType<typeof useApiForm<Values, Values>>['control'],
  step: number,
  onKeep?: (draft: Draft) => void,
) {
  const values = useWatch({ control }) as Values;
  useEffect(() => onKeep?.({ values, step }), [values, step, onKeep]);
}

/** The keyboard goes on at the new step's title. */
function useFocusOnStep(step: StepName) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    heading.current?.focus();
    window.scrollTo({ top: 0 });
  }, [step]);
  return heading;
}
