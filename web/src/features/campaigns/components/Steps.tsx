import { Box, List, ListItem, ListItemText, Typography } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { QueryView } from '@/components/QueryView';
import { Section } from '@/components/Section';
import { StatusChip } from '@/components/StatusChip';
import { useFormat } from '@/lib/i18n/format';
import type { Step } from '../api/details';
import { stepsQuery } from '../api/details';

const TONES = { running: 'info', done: 'success', failed: 'error' } as const;
const KNOWN = ['query', 'queue', 'monitor'] as const;

/** The steps of the campaign's workflow with their times. */
export function Steps({ id }: { id: number }) {
  const { t } = useTranslation('campaigns');
  const steps = useQuery(stepsQuery(id));
  return (
    <Section title={t('steps.title')} text={t('steps.text')}>
      <QueryView query={steps}>
        {({ items }) =>
          items.length === 0 ? (
            <Typography color="text.secondary">{t('steps.none')}</Typography>
          ) : (
            <List disablePadding>
              {items.map((step, i) => (
                <StepItem key={`${step.step}-${i}`} step={step} />
              ))}
            </List>
          )
        }
      </QueryView>
    </Section>
  );
}

function StepItem({ step }: { step: Step }) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const known = KNOWN.find((name) => name === step.step);
  return (
    <ListItem divider disableGutters sx={{ gap: 2, alignItems: 'flex-start', flexWrap: 'wrap' }}>
      <ListItemText
        primary={known ? t(`steps.name.${known}`) : <Ltr>{step.step}</Ltr>}
        secondary={step.detail ? <Ltr>{step.detail}</Ltr> : null}
      />
      <Box sx={{ textAlign: 'end' }}>
        <StatusChip
          label={t(`steps.state.${step.state}`)}
          tone={TONES[step.state]}
          active={step.state === 'running'}
        />
        <Typography variant="body2" color="text.secondary" sx={{ mt: 0.5 }}>
          {format.dateTime(step.started)}
        </Typography>
      </Box>
    </ListItem>
  );
}
