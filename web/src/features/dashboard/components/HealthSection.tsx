import { Alert, Box, Button, Stack, Typography } from '@mui/material';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { ProblemAlert } from '@/components/ProblemAlert';
import { QueryView } from '@/components/QueryView';
import { Section } from '@/components/Section';
import { StatusChip } from '@/components/StatusChip';
import type { Schema } from '@/lib/api/client';
import { useMay } from '@/lib/api/useMe';
import { useFormat } from '@/lib/i18n/format';
import { healthQuery, useAcknowledge, useAlerts } from '../api/dashboard';

const TONES = { ok: 'success', degraded: 'warning', failing: 'error' } as const;
/** What concerns the telephone lines, always shown; the rest only when something is wrong. */
const LINES = ['trunk_down', 'failure_rate', 'answer_rate'];

/** Are the lines and the service well? Open alerts, and the indicators behind them. */
export function HealthSection() {
  const { t } = useTranslation('dashboard');
  const health = useQuery(healthQuery);
  const alerts = useAlerts();
  return (
    <Section
      title={t('health.title')}
      aside={
        health.data ? (
          <StatusChip label={t(`health.status.${health.data.status}`)} tone={TONES[health.data.status]} />
        ) : null
      }
    >
      <Stack spacing={2}>
        <QueryView query={alerts}>
          {({ items }) =>
            items.length === 0 ? (
              <Typography color="text.secondary">{t('health.noAlerts')}</Typography>
            ) : (
              <Stack spacing={1}>
                {items.map((alert) => (
                  <OpenAlert key={alert.id} alert={alert} />
                ))}
              </Stack>
            )
          }
        </QueryView>
        <QueryView query={health}>{({ indicators }) => <Indicators indicators={indicators} />}</QueryView>
      </Stack>
    </Section>
  );
}

function Indicators({ indicators }: { indicators: Schema<'Health'>['indicators'] }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const shown = indicators.filter((one) => LINES.includes(one.name) || one.status !== 'ok');
  return (
    <Box component="ul" sx={{ m: 0, p: 0, listStyle: 'none' }}>
      {shown.map((one) => (
        <Box
          component="li"
          key={one.name}
          sx={{
            display: 'flex',
            gap: 1.5,
            py: 1,
            alignItems: 'center',
            borderTop: 1,
            borderColor: 'divider',
          }}
        >
          <Box sx={{ flex: 1, minWidth: 0 }}>
            <IndicatorName name={one.name} what={one.what} />
            {one.detail ? (
              <Typography variant="body2" color="text.secondary">
                <Ltr>{one.detail}</Ltr>
              </Typography>
            ) : null}
          </Box>
          {one.unit && one.value !== null ? (
            <Ltr>
              {format.number(one.value)} {one.unit}
            </Ltr>
          ) : null}
          <StatusChip label={t(`health.status.${one.status}`)} tone={TONES[one.status]} />
        </Box>
      ))}
    </Box>
  );
}

const NAMED = [
  'store_failing',
  'store_slow',
  'disk_free',
  'memory_used',
  'loop_lag',
  'lane_load',
  'trunk_down',
  'failure_rate',
  'answer_rate',
  'pace_floor',
  'dial_lag',
  'webhook_backlog',
  'webhook_failing',
  'certificate_expiry',
] as const;

/** In the reader's language, or as the service says it when it is newer than these pages. */
function IndicatorName({ name, what }: { name: string; what: string }) {
  const { t } = useTranslation('dashboard');
  const known = NAMED.find((one) => one === name);
  return known ? t(`health.indicator.${known}`) : <Ltr>{what}</Ltr>;
}

function OpenAlert({ alert }: { alert: Schema<'Alert'> }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const mayManage = useMay('CampaignManager');
  const acknowledge = useAcknowledge();
  const run = useMutation({ mutationFn: () => acknowledge(alert.id) });
  return (
    <>
      <Alert
        severity={alert.acknowledged ? 'warning' : 'error'}
        variant="outlined"
        action={
          mayManage && !alert.acknowledged ? (
            <Button color="inherit" loading={run.isPending} onClick={() => run.mutate()}>
              {t('health.acknowledge')}
            </Button>
          ) : null
        }
      >
        <IndicatorName name={alert.indicator} what={alert.indicator} />
        <Typography variant="body2">
          <Ltr>{alert.text}</Ltr>
        </Typography>
        <Typography variant="body2" color="text.secondary">
          {format.ago(alert.raised)}
          {alert.acknowledged_by ? ` · ${t('health.knownBy', { name: alert.acknowledged_by })}` : null}
        </Typography>
      </Alert>
      <ProblemAlert error={run.error} />
    </>
  );
}
