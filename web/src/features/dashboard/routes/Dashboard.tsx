import Fullscreen from '@mui/icons-material/Fullscreen';
import { Box, Button, Stack } from '@mui/material';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { StatusChip } from '@/components/StatusChip';
import { useMetrics, useRunning } from '../api/dashboard';
import { HealthSection } from '../components/HealthSection';
import { LiveFigures } from '../components/LiveFigures';
import { OutcomesSection } from '../components/OutcomesSection';
import { RunningCampaigns } from '../components/RunningCampaigns';
import { Standing, useStanding } from '../components/Standing';

/** All that goes on, live; readable on a wall as on a phone. */
export function Component() {
  const { t } = useTranslation('dashboard');
  const wall = useRef<HTMLDivElement>(null);
  const metrics = useMetrics();
  const running = useRunning();
  const standing = useStanding();
  const cap = (running.query.data?.items ?? []).reduce(
    (sum, campaign) => sum + (running.figures.get(campaign.id)?.pace_cap ?? 0),
    0,
  );
  return (
    <Box ref={wall} sx={WALL}>
      <PageHeader
        title={t('title')}
        beside={
          <StatusChip
            label={t(standing ? 'lost' : 'live')}
            tone={standing ? 'error' : 'success'}
            active={!standing}
          />
        }
        actions={
          document.fullscreenEnabled ? (
            <Button startIcon={<Fullscreen />} onClick={() => void toggleFullscreen(wall.current)}>
              {t('fullscreen')}
            </Button>
          ) : null
        }
      />
      <QueryView query={metrics}>
        {(now) => (
          <>
            {standing ? <Standing since={now.at} /> : null}
            <Stack spacing={3} sx={{ opacity: standing ? 0.6 : 1 }}>
              <LiveFigures metrics={now} cap={cap} />
              <OutcomesSection />
              <Box
                sx={{
                  display: 'grid',
                  gap: 3,
                  gridTemplateColumns: { xs: 'minmax(0, 1fr)', lg: 'minmax(0, 1fr) minmax(0, 1fr)' },
                  alignItems: 'start',
                }}
              >
                <RunningCampaigns running={running} />
                <HealthSection />
              </Box>
            </Stack>
          </>
        )}
      </QueryView>
    </Box>
  );
}

async function toggleFullscreen(element: HTMLElement | null) {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await element?.requestFullscreen();
}

/** On a wall everything is larger, to be read from afar. */
const WALL = {
  '&:fullscreen': { bgcolor: 'background.default', p: 4, overflow: 'auto', zoom: 1.3 },
};
