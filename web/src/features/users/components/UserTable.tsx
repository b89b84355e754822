import { useTranslation } from 'react-i18next';
import type { Action } from '@/components/ActionsMenu';
import { ActionsMenu } from '@/components/ActionsMenu';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { Ltr } from '@/components/Ltr';
import { QueryView } from '@/components/QueryView';
import { StatusChip } from '@/components/StatusChip';
import { useFormat } from '@/lib/i18n/format';
import type { User } from '../api/users';
import { useUsers } from '../api/users';

export function UserTable({ actions }: { actions: (user: User) => Action[] }) {
  const { t } = useTranslation(['users', 'common']);
  const format = useFormat();
  const users = useUsers();
  const columns: Column<User>[] = [
    { key: 'name', header: t('name'), cell: (user) => user.name || <Ltr>{user.email}</Ltr> },
    { key: 'email', header: t('common:email'), cell: (user) => <Ltr>{user.email}</Ltr>, from: 'md' },
    { key: 'role', header: t('role'), cell: (user) => t(`common:role.${user.role}`) },
    { key: 'state', header: t('state'), cell: (user) => <UserState user={user} />, from: 'sm' },
    {
      key: 'seen',
      header: t('seen'),
      cell: (user) => (user.signed_in ? format.ago(user.signed_in) : t('common:state.never')),
      from: 'lg',
    },
  ];
  return (
    <QueryView query={users}>
      {() => (
        <DataTable
          label={t('title')}
          columns={columns}
          rows={users.items}
          rowKey={(user) => user.id}
          rowActions={(user) => (
            <ActionsMenu label={t('actions', { name: user.name || user.email })} actions={actions(user)} />
          )}
          hasMore={users.hasNextPage}
          loadingMore={users.isFetchingNextPage}
          onMore={() => void users.fetchNextPage()}
        />
      )}
    </QueryView>
  );
}

function UserState({ user }: { user: User }) {
  const { t } = useTranslation('users');
  if (user.disabled) return <StatusChip label={t('disabled')} tone="error" />;
  if (user.invited) return <StatusChip label={t('invited')} tone="info" />;
  return <StatusChip label={t('active')} tone="success" />;
}
