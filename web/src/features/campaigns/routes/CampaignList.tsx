import Add from '@mui/icons-material/Add';
import CampaignOutlined from '@mui/icons-material/CampaignOutlined';
import { Button } from '@mui/material';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import { CampaignStateChip } from '@/components/CampaignStateChip';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { useMay } from '@/lib/api/useMe';
import { useFormat } from '@/lib/i18n/format';
import type { CampaignItem } from '../api/campaigns';
import { useCampaigns } from '../api/campaigns';
import { useLiveCampaigns } from '../api/liveList';
import { peopleOf } from '../api/people';
import { useListView } from '../api/useListView';
import { CampaignMenu } from '../components/CampaignMenu';
import { ListFilter } from '../components/ListFilter';
import { ShareBar } from '@/components/ShareBar';

type Row = CampaignItem;

export function Component() {
  const { t } = useTranslation('campaigns');
  const mayManage = useMay('CampaignManager');
  const { filter, change, narrowed } = useListView();
  const campaigns = useCampaigns(filter);
  const rows = useLiveRows(campaigns.items);
  const columns = useColumns();
  const create = mayManage ? (
    <Button component={Link} to="/campaigns/new" variant="contained" startIcon={<Add />}>
      {t('new')}
    </Button>
  ) : null;
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} actions={create} />
      <QueryView query={campaigns}>
        {() =>
          rows.length === 0 && !narrowed ? (
            <EmptyState
              icon={<CampaignOutlined />}
              title={t('list.emptyTitle')}
              text={t(mayManage ? 'list.emptyText' : 'list.emptyReader')}
              action={create}
            />
          ) : (
            <>
              <ListFilter filter={filter} onChange={change} />
              {rows.length === 0 ? (
                <EmptyState
                  title={t('list.nothingFound')}
                  text={t('list.nothingFoundText')}
                  action={<Button onClick={() => change({ state: '', q: '' })}>{t('list.showAll')}</Button>}
                />
              ) : (
                <DataTable
                  label={t('title')}
                  columns={columns}
                  rows={rows}
                  rowKey={(row) => row.id}
                  rowHref={(row) => `/campaigns/${row.id}`}
                  rowActions={mayManage ? (row) => <CampaignMenu campaign={row} pages /> : undefined}
                  sort={filter.sort}
                  onSort={(sort) => change({ sort })}
                  hasMore={campaigns.hasNextPage}
                  loadingMore={campaigns.isFetchingNextPage}
                  onMore={() => void campaigns.fetchNextPage()}
                />
              )}
            </>
          )
        }
      </QueryView>
    </>
  );
}

/** What the service said last, by its list or over the live connection. */
function useLiveRows(items: CampaignItem[]): Row[] {
  const live = useLiveCampaigns();
  return useMemo(
    () =>
      items.map((item) => {
        const now = item.state === 'running' ? live.get(item.id) : undefined;
        if (!now) return item;
        const people = peopleOf(now.people);
        return {
          ...item,
          people,
          calls: now.calls,
          reached: now.people.reached,
        };
      }),
    [items, live],
  );
}

function useColumns(): Column<Row>[] {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  return [
    { key: 'name', header: t('field.name'), cell: (row) => row.name, sort: 'name' },
    {
      key: 'state',
      header: t('field.state'),
      cell: (row) => <CampaignStateChip state={row.state} />,
      width: '9.5rem',
    },
    { key: 'list', header: t('field.list'), cell: (row) => row.list, from: 'md', width: '9rem' },
    {
      key: 'reached',
      header: t('field.reached'),
      cell: (row) =>
        row.people > 0 ? (
          <ShareBar label={t('list.reachedShare', { name: row.name })} value={row.reached / row.people} />
        ) : null,
      from: 'sm',
      width: '10.5rem',
    },
    {
      key: 'calls',
      header: t('field.calls'),
      cell: (row) => format.number(row.calls),
      numeric: true,
      from: 'lg',
      width: '6.5rem',
    },
    {
      key: 'started',
      header: t('field.started'),
      cell: (row) => (row.started ? format.dateTime(row.started) : t('list.notStarted')),
      from: 'xl',
      sort: 'started',
      width: '11.5rem',
    },
    {
      key: 'created',
      header: t('field.created'),
      cell: (row) => format.date(row.created),
      from: 'lg',
      sort: 'created',
      width: '8.5rem',
    },
  ];
}
