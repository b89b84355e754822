import { Button, Stack, TextField } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router-dom';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { Ltr } from '@/components/Ltr';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';
import { usePages } from '@/lib/api/usePages';
import { useFormat } from '@/lib/i18n/format';

type Entry = Schema<'AuditPage'>['items'][number];

/** Who did what; the filter stands in the address, so that it can be passed on. */
export function Component() {
  const { t } = useTranslation('audit');
  const format = useFormat();
  const [query, setQuery] = useSearchParams();
  const who = query.get('who') ?? '';
  const action = query.get('action') ?? '';
  const entries = usePages(['audit', who, action], (cursor, signal) =>
    data(
      api.GET('/api/audit', {
        params: { query: { limit: 100, cursor, who: who || undefined, action: action || undefined } },
        signal,
      }),
    ),
  );
  const columns: Column<Entry>[] = [
    { key: 'at', header: t('at'), cell: (entry) => format.dateTime(entry.at) },
    { key: 'who', header: t('who'), cell: (entry) => <Ltr>{entry.who}</Ltr>, from: 'sm' },
    { key: 'action', header: t('action'), cell: (entry) => <Ltr>{entry.action}</Ltr> },
    { key: 'object', header: t('object'), cell: (entry) => <Ltr>{entry.object}</Ltr>, from: 'md' },
    { key: 'detail', header: t('detail'), cell: (entry) => <Ltr>{entry.detail}</Ltr>, from: 'lg' },
  ];
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} />
      <Filter key={`${who} ${action}`} who={who} action={action} onChange={(next) => setQuery(next)} />
      <QueryView query={entries}>
        {() =>
          entries.items.length === 0 ? (
            <EmptyState title={t('emptyTitle')} text={t('emptyText')} />
          ) : (
            <DataTable
              label={t('title')}
              columns={columns}
              rows={entries.items}
              rowKey={(entry) => entry.id}
              hasMore={entries.hasNextPage}
              loadingMore={entries.isFetchingNextPage}
              onMore={() => void entries.fetchNextPage()}
            />
          )
        }
      </QueryView>
    </>
  );
}

interface FilterProps {
  who: string;
  action: string;
  onChange: (filter: Record<string, string>) => void;
}

function Filter({ who, action, onChange }: FilterProps) {
  const { t } = useTranslation('audit');
  const [draft, setDraft] = useState({ who, action });
  return (
    <Stack
      component="form"
      direction={{ xs: 'column', sm: 'row' }}
      spacing={1.5}
      sx={{ mb: 2 }}
      onSubmit={(event) => {
        event.preventDefault();
        onChange(Object.fromEntries(Object.entries(draft).filter(([, value]) => value.trim() !== '')));
      }}
    >
      {(['who', 'action'] as const).map((field) => (
        <TextField
          key={field}
          size="small"
          label={t(field)}
          value={draft[field]}
          onChange={(event) => setDraft({ ...draft, [field]: event.target.value })}
          slotProps={{ htmlInput: { dir: 'ltr' } }}
        />
      ))}
      <Button type="submit" variant="outlined">
        {t('filter')}
      </Button>
    </Stack>
  );
}
