import { Box, Button, Typography } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router-dom';
import { QueryView } from '@/components/QueryView';
import { RowLink } from '@/components/RowLink';
import { Section } from '@/components/Section';
import { ShareBar } from '@/components/ShareBar';
import type { Schema } from '@/lib/api/client';
import { useFormat } from '@/lib/i18n/format';
import type { LiveProgress, useRunning } from '../api/dashboard';

/** Campaigns that run, each with how far it is. */
export function RunningCampaigns({ running }: { running: ReturnType<typeof useRunning> }) {
  const { t } = useTranslation('dashboard');
  return (
    <Section title={t('running.title')}>
      <QueryView query={running.query}>
        {({ items }) =>
          items.length === 0 ? (
            <>
              <Typography color="text.secondary" sx={{ mb: 2 }}>
                {t('running.none')}
              </Typography>
              <Button component={RouterLink} to="/campaigns" variant="outlined">
                {t('running.toCampaigns')}
              </Button>
            </>
          ) : (
            <Box component="ul" sx={{ m: 0, p: 0, listStyle: 'none' }}>
              {items.map((campaign) => (
                <Row key={campaign.id} campaign={campaign} now={running.figures.get(campaign.id)} />
              ))}
            </Box>
          )
        }
      </QueryView>
    </Section>
  );
}

function Row({ campaign, now }: { campaign: Schema<'CampaignItem'>; now: LiveProgress | undefined }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const reached = now?.people.reached ?? campaign.reached;
  return (
    <Box
      component="li"
      sx={{
        position: 'relative',
        py: 1.25,
        borderBottom: 1,
        borderColor: 'divider',
        '&:last-child': { border: 0 },
      }}
    >
      <RowLink component={RouterLink} to={`/campaigns/${campaign.id}`}>
        {campaign.name}
      </RowLink>
      <ShareBar
        label={t('running.reached', { name: campaign.name })}
        value={campaign.people > 0 ? reached / campaign.people : 0}
      />
      {now ? (
        <Typography variant="body2" color="text.secondary">
          {t('running.now', {
            up: format.number(now.calls_up),
            pace: format.number(now.pace_measured),
            cap: format.number(now.pace_now),
          })}
          {now.pace_now < now.pace_cap ? ` · ${t('running.slowed')}` : null}
        </Typography>
      ) : null}
    </Box>
  );
}
