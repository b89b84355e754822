import { InputAdornment, TextField } from '@mui/material';
import Search from '@mui/icons-material/Search';
import { useDeferredValue, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { Ltr } from '@/components/Ltr';
import { QueryView } from '@/components/QueryView';
import type { Contact } from '../api/contacts';
import { useContacts } from '../api/contacts';

interface Props {
  listId: number;
  /** Shown when nobody is on the list. */
  empty: React.ReactNode;
}

/** A list's people, however many: only those in sight are in the page. */
export function ContactTable({ listId, empty }: Props) {
  const { t } = useTranslation(['people', 'common']);
  const [text, setText] = useState('');
  const search = useDeferredValue(text);
  const contacts = useContacts(listId, search);
  const columns: Column<Contact>[] = [
    { key: 'name', header: t('name'), cell: (one) => one.name ?? <Ltr>{one.number}</Ltr> },
    { key: 'number', header: t('number'), cell: (one) => <Ltr>{one.number}</Ltr>, width: '12rem' },
    { key: 'zone', header: t('zone'), cell: (one) => <Ltr>{one.time_zone}</Ltr>, from: 'lg' },
    {
      key: 'more',
      header: t('more'),
      cell: (one) => Object.values(one.extra).map(String).filter(Boolean).join(' · '),
      from: 'md',
    },
  ];
  return (
    <>
      <TextField
        type="search"
        size="small"
        label={t('search')}
        value={text}
        onChange={(event) => setText(event.target.value)}
        sx={{ mb: 2, width: { xs: '100%', sm: '20rem' } }}
        slotProps={{
          input: {
            startAdornment: (
              <InputAdornment position="start">
                <Search aria-hidden />
              </InputAdornment>
            ),
          },
        }}
      />
      <QueryView query={contacts}>
        {() =>
          contacts.items.length > 0 ? (
            <DataTable
              label={t('contacts')}
              columns={columns}
              rows={contacts.items}
              rowKey={(one) => one.id}
              rowHref={(one) => `/people/contacts/${one.id}`}
              hasMore={contacts.hasNextPage}
              loadingMore={contacts.isFetchingNextPage}
              onMore={() => void contacts.fetchNextPage()}
            />
          ) : search.trim() ? (
            <EmptyState title={t('empty.foundTitle')} text={t('empty.foundText')} />
          ) : (
            empty
          )
        }
      </QueryView>
    </>
  );
}
