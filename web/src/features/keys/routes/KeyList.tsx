import KeyOutlined from '@mui/icons-material/KeyOutlined';
import { Button } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { Ltr } from '@/components/Ltr';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { SecretDialog } from '@/components/SecretDialog';
import { useFormat } from '@/lib/i18n/format';
import { useNotice } from '@/lib/state/useNotice';
import type { Key } from '../api/keys';
import { useKeys, useRevokeKey } from '../api/keys';
import { MakeKeyDialog } from '../components/MakeKeyDialog';

type Open =
  { what: 'make' } | { what: 'secret'; name: string; secret: string } | { what: 'revoke'; key: Key };

export function Component() {
  const { t } = useTranslation(['keys', 'common']);
  const format = useFormat();
  const notice = useNotice();
  const keys = useKeys();
  const revoke = useRevokeKey();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const make = (
    <Button variant="contained" onClick={() => setOpen({ what: 'make' })}>
      {t('make')}
    </Button>
  );
  const columns: Column<Key>[] = [
    { key: 'name', header: t('name'), cell: (key) => key.name },
    { key: 'prefix', header: t('prefix'), cell: (key) => <Ltr>{key.prefix}</Ltr>, from: 'md' },
    { key: 'scopes', header: t('scopes'), cell: (key) => <Ltr>{key.scopes.join(', ')}</Ltr>, from: 'sm' },
    { key: 'created', header: t('created'), cell: (key) => format.date(key.created), from: 'lg' },
    {
      key: 'used',
      header: t('used'),
      cell: (key) => (key.used ? format.ago(key.used) : t('common:state.never')),
      from: 'md',
    },
    {
      key: 'revoke',
      header: t('common:table.actions'),
      cell: (key) => (
        <Button color="error" size="small" onClick={() => setOpen({ what: 'revoke', key })}>
          {t('revoke')}
        </Button>
      ),
    },
  ];
  return (
    <>
      <PageHeader title={t('title')} text={t('text')} actions={keys.items.length > 0 ? make : undefined} />
      <QueryView query={keys}>
        {() =>
          keys.items.length === 0 ? (
            <EmptyState icon={<KeyOutlined />} title={t('emptyTitle')} text={t('emptyText')} action={make} />
          ) : (
            <DataTable
              label={t('title')}
              columns={columns}
              rows={keys.items}
              rowKey={(key) => key.id}
              hasMore={keys.hasNextPage}
              loadingMore={keys.isFetchingNextPage}
              onMore={() => void keys.fetchNextPage()}
            />
          )
        }
      </QueryView>
      {open?.what === 'make' ? (
        <MakeKeyDialog onDone={(name, secret) => setOpen({ what: 'secret', name, secret })} onClose={close} />
      ) : null}
      {open?.what === 'secret' ? (
        <SecretDialog
          title={t('secretTitle', { name: open.name })}
          text={t('secretText')}
          label={t('secret')}
          value={open.secret}
          onClose={close}
        />
      ) : null}
      {open?.what === 'revoke' ? (
        <ConfirmDialog
          open
          danger
          title={t('revokeTitle', { name: open.key.name })}
          text={t('revokeText')}
          confirm={t('revoke')}
          busy={revoke.isPending}
          error={revoke.error}
          onClose={close}
          onConfirm={() =>
            revoke.mutate(open.key.id, {
              onSuccess: () => {
                close();
                notice.done(t('revoked', { name: open.key.name }));
              },
            })
          }
        />
      ) : null}
    </>
  );
}
