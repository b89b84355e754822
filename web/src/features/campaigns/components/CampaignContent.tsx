import { Box, Typography } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { Section } from '@/components/Section';
import { useMay } from '@/lib/api/useMe';
import { useFormat } from '@/lib/i18n/format';
import type { Campaign } from '../api/campaigns';
import { configOf, DEFAULTS } from '../api/config';
import { flowQuery, listQuery, trunksQuery } from '../api/references';
import { WeekText } from './WeekText';

/** What the campaign is made of. */
export function CampaignContent({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const config = configOf(campaign);
  const { caller, pace, retry } = config;
  return (
    <Section title={t('content.title')}>
      <Box
        component="dl"
        sx={{
          display: 'grid',
          gridTemplateColumns: { xs: '1fr', sm: 'minmax(9rem, 14rem) 1fr' },
          columnGap: 3,
          rowGap: { xs: 0.5, sm: 1.5 },
          m: 0,
        }}
      >
        <Entry name={t('field.list')}>
          <ListName id={campaign.list_id} />
        </Entry>
        <Entry name={t('field.flow')}>
          {campaign.flow_id === null ? t('content.fromFile') : <FlowName id={campaign.flow_id} />}
        </Entry>
        <Entry name={t('field.caller')}>
          {caller?.name} {caller?.number ? <Ltr>{caller.number}</Ltr> : null}
          {caller?.name || caller?.number ? null : t('content.callerOfTrunk')}
        </Entry>
        <TrunkEntry ids={campaign.trunk_ids} />
        <Entry name={t('field.hours')}>
          <WeekText windows={config.windows ?? DEFAULTS.windows} />
        </Entry>
        <Entry name={t('field.zone')}>
          <Ltr>{config.time_zone ?? DEFAULTS.time_zone}</Ltr>
        </Entry>
        {config.start || config.end ? (
          <Entry name={t('field.between')}>
            <Ltr>
              {config.start ?? '…'} – {config.end ?? '…'}
            </Ltr>
          </Entry>
        ) : null}
        {config.holidays && config.holidays.length > 0 ? (
          <Entry name={t('field.holidays')}>
            <Ltr>{config.holidays.join(', ')}</Ltr>
          </Entry>
        ) : null}
        <Entry name={t('field.pace')}>
          {t('content.pace', {
            rate: format.number(pace?.calls_per_second ?? DEFAULTS.calls_per_second),
            calls: format.number(pace?.max_calls ?? DEFAULTS.max_calls),
          })}
        </Entry>
        <Entry name={t('field.attempts')}>
          {t('content.attempts', { count: retry?.max_attempts ?? DEFAULTS.max_attempts })}
          {retry?.per_day ? `, ${t('content.perDay', { count: retry.per_day })}` : null}
        </Entry>
        <Entry name={t('field.created')}>{format.dateTime(campaign.created)}</Entry>
        {campaign.started ? (
          <Entry name={t('field.started')}>{format.dateTime(campaign.started)}</Entry>
        ) : null}
        {campaign.ended ? <Entry name={t('field.ended')}>{format.dateTime(campaign.ended)}</Entry> : null}
        {typeof config.note === 'string' && config.note ? (
          <Entry name={t('field.note')}>{config.note}</Entry>
        ) : null}
      </Box>
    </Section>
  );
}

function Entry({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <Typography component="dt" color="text.secondary" variant="body2" sx={{ pt: 0.25 }}>
        {name}
      </Typography>
      <Box component="dd" sx={{ m: 0, mb: { xs: 1, sm: 0 }, overflowWrap: 'anywhere' }}>
        {children}
      </Box>
    </>
  );
}

function ListName({ id }: { id: number }) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const { data: list } = useQuery(listQuery(id));
  if (!list) return '…';
  return (
    <>
      {list.name} ({t('content.contacts', { count: list.contacts, number: format.number(list.contacts) })})
    </>
  );
}

function FlowName({ id }: { id: number }) {
  const { data: flow } = useQuery(flowQuery(id));
  return flow?.name ?? '…';
}

/** Analysts may not see trunks. */
function TrunkEntry({ ids }: { ids: number[] }) {
  const { t } = useTranslation('campaigns');
  const may = useMay('CampaignManager');
  const { data: trunks } = useQuery({ ...trunksQuery, enabled: may && ids.length > 0 });
  if (!may) return null;
  const names = ids.map((id) => trunks?.items.find((trunk) => trunk.id === id)?.name ?? '…');
  return (
    <Entry name={t('field.trunks')}>{ids.length === 0 ? t('content.allTrunks') : names.join(', ')}</Entry>
  );
}
