import { Alert, Box, Stack, Tab, Tabs } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useParams, useSearchParams } from 'react-router-dom';
import { BackLink } from '@/components/BackLink';
import { CampaignStateChip } from '@/components/CampaignStateChip';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { Ltr } from '@/components/Ltr';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { useMay } from '@/lib/api/useMe';
import type { Campaign } from '../api/campaigns';
import { campaignQuery } from '../api/campaigns';
import { useProgress } from '../api/progress';
import { CallsTab } from '../components/CallsTab';
import { CampaignActions } from '../components/CampaignActions';
import { CampaignContent } from '../components/CampaignContent';
import { CampaignOverview } from '../components/CampaignOverview';
import { PeopleTab } from '../components/PeopleTab';
import { Steps } from '../components/Steps';

const TABS = ['overview', 'people', 'calls', 'content'] as const;
type TabName = (typeof TABS)[number];

export function Component() {
  const id = Number(useParams().id);
  const query = useQuery(campaignQuery(id));
  return (
    <QueryView query={query} loading={<LoadingSkeleton kind="page" />}>
      {({ value }) => <CampaignPage key={value.id} campaign={value} />}
    </QueryView>
  );
}

function CampaignPage({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation('campaigns');
  const mayManage = useMay('CampaignManager');
  const progress = useProgress(campaign.id);
  const [tab, setTab] = useTab();
  // The live connection may know of a new state before the campaign was read anew.
  const state = progress.data?.state ?? campaign.state;
  const live = state === 'running';
  const tabs: Record<TabName, () => React.ReactNode> = {
    overview: () => <CampaignOverview campaign={campaign} progress={progress} live={live} />,
    people: () => <PeopleTab id={campaign.id} live={live} />,
    calls: () => <CallsTab id={campaign.id} live={live} />,
    content: () => (
      <Stack spacing={3}>
        <CampaignContent campaign={campaign} />
        <Steps id={campaign.id} />
      </Stack>
    ),
  };
  return (
    <>
      <PageHeader
        above={<BackLink to="/campaigns">{t('title')}</BackLink>}
        title={campaign.name}
        beside={<CampaignStateChip state={state} />}
        actions={mayManage ? <CampaignActions campaign={{ ...campaign, state }} /> : null}
      />
      {state === 'failed' && campaign.state_reason ? (
        <Alert severity="error" sx={{ mb: 3 }}>
          {t('failedBecause')} <Ltr>{campaign.state_reason}</Ltr>
        </Alert>
      ) : null}
      <Tabs
        value={tab}
        onChange={(_, value: TabName) => setTab(value)}
        aria-label={t('tabs.label')}
        variant="scrollable"
        allowScrollButtonsMobile
        sx={{ mb: 3, borderBottom: 1, borderColor: 'divider' }}
      >
        {TABS.map((name) => (
          <Tab
            key={name}
            value={name}
            label={t(`tabs.${name}`)}
            id={`tab-${name}`}
            aria-controls={name === tab ? 'panel' : undefined}
          />
        ))}
      </Tabs>
      <Box role="tabpanel" id="panel" aria-labelledby={`tab-${tab}`}>
        {tabs[tab]()}
      </Box>
    </>
  );
}

/** The tab is part of the address. */
function useTab(): [TabName, (tab: TabName) => void] {
  const [query, setQuery] = useSearchParams();
  const tab = TABS.find((name) => name === query.get('tab')) ?? 'overview';
  return [tab, (next) => setQuery(next === 'overview' ? {} : { tab: next }, { replace: true })];
}
