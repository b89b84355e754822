import { Button } from '@mui/material';
import GroupsOutlined from '@mui/icons-material/GroupsOutlined';
import UploadFileOutlined from '@mui/icons-material/UploadFileOutlined';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useNavigate } from 'react-router-dom';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { newKey } from '@/lib/api/client';
import { useMay } from '@/lib/api/useMe';
import { useFormat } from '@/lib/i18n/format';
import type { List, ListSort } from '../api/lists';
import { createList, LISTS, useLists } from '../api/lists';
import { ListDialog } from '../components/ListDialog';

export function Component() {
  const { t } = useTranslation('people');
  const format = useFormat();
  const mayChange = useMay('CampaignManager');
  const [sort, setSort] = useState<ListSort>('-created');
  const [making, setMaking] = useState(false);
  const lists = useLists(sort);
  const columns: Column<List>[] = [
    { key: 'name', header: t('listName'), cell: (list) => list.name, sort: 'name' },
    {
      key: 'contacts',
      header: t('contacts'),
      cell: (list) => format.number(list.contacts),
      numeric: true,
      width: '9rem',
    },
    {
      key: 'created',
      header: t('created'),
      cell: (list) => format.dateTime(list.created),
      from: 'sm',
      sort: 'created',
    },
  ];
  const upload = (
    <Button
      component={RouterLink}
      to="/people/upload"
      variant="contained"
      startIcon={<UploadFileOutlined aria-hidden />}
    >
      {t('upload')}
    </Button>
  );
  return (
    <>
      <PageHeader
        title={t('title')}
        text={t('text')}
        actions={
          mayChange ? (
            <>
              <Button variant="outlined" onClick={() => setMaking(true)}>
                {t('newList')}
              </Button>
              {upload}
            </>
          ) : null
        }
      />
      <QueryView query={lists}>
        {() =>
          lists.items.length === 0 ? (
            <EmptyState
              icon={<GroupsOutlined />}
              title={t('empty.title')}
              text={t('empty.text')}
              action={mayChange ? upload : null}
            />
          ) : (
            <DataTable
              label={t('lists')}
              columns={columns}
              rows={lists.items}
              rowKey={(list) => list.id}
              rowHref={(list) => `/people/${list.id}`}
              sort={sort}
              onSort={(to) => setSort(to as ListSort)}
              hasMore={lists.hasNextPage}
              loadingMore={lists.isFetchingNextPage}
              onMore={() => void lists.fetchNextPage()}
            />
          )
        }
      </QueryView>
      {making ? <NewList onClose={() => setMaking(false)} /> : null}
    </>
  );
}

function NewList({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('people');
  const client = useQueryClient();
  const navigate = useNavigate();
  const [key] = useState(newKey);
  return (
    <ListDialog
      title={t('newList')}
      confirm={t('createList')}
      send={async (name) => {
        const list = await createList(name, key);
        await client.invalidateQueries({ queryKey: LISTS });
        navigate(`/people/${list.id}`);
      }}
      onClose={onClose}
    />
  );
}
