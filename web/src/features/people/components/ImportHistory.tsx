import { Typography } from '@mui/material';
import { useTranslation } from 'react-i18next';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { QueryView } from '@/components/QueryView';
import { useFormat } from '@/lib/i18n/format';
import type { Import } from '../api/imports';
import { useImportsOf } from '../api/imports';
import { ImportState } from './ImportState';

/** The files that came into a list; each leads to its summary. */
export function ImportHistory({ listId }: { listId: number }) {
  const { t } = useTranslation('people');
  const format = useFormat();
  const imports = useImportsOf(listId);
  const columns: Column<Import>[] = [
    { key: 'file', header: t('file'), cell: (one) => <bdi>{one.file}</bdi> },
    { key: 'state', header: t('state'), cell: (one) => <ImportState state={one.state} /> },
    { key: 'when', header: t('when'), cell: (one) => format.dateTime(one.started), from: 'md' },
    { key: 'accepted', header: t('accepted'), cell: (one) => format.number(one.accepted), numeric: true },
    {
      key: 'rejected',
      header: t('rejected'),
      cell: (one) => format.number(one.rejected),
      numeric: true,
      from: 'sm',
    },
  ];
  return (
    <QueryView query={imports}>
      {() =>
        imports.items.length === 0 ? (
          <Typography color="text.secondary">{t('noImports')}</Typography>
        ) : (
          <DataTable
            label={t('imports')}
            columns={columns}
            rows={imports.items}
            rowKey={(one) => one.id}
            rowHref={(one) => `/people/imports/${one.id}`}
            hasMore={imports.hasNextPage}
            loadingMore={imports.isFetchingNextPage}
            onMore={() => void imports.fetchNextPage()}
          />
        )
      }
    </QueryView>
  );
}
