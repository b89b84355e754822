import { Button } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { PageHeader } from '@/components/PageHeader';
import { SecretDialog } from '@/components/SecretDialog';
import { useFormat } from '@/lib/i18n/format';
import { useNotice } from '@/lib/state/useNotice';
import type { Invitation, User } from '../api/users';
import { useNewLink, useRemoveFactor, useRemoveUser } from '../api/users';
import { EditDialog, InviteDialog } from '../components/UserForms';
import { UserTable } from '../components/UserTable';

type Open =
  | { what: 'invite' }
  | { what: 'edit' | 'remove'; user: User }
  | { what: 'link'; link: string; expires: string };

export function Component() {
  const { t } = useTranslation(['users', 'common']);
  const format = useFormat();
  const notice = useNotice();
  const [open, setOpen] = useState<Open | null>(null);
  const newLink = useNewLink();
  const removeFactor = useRemoveFactor();
  const remove = useRemoveUser();
  const close = () => setOpen(null);
  const failed = () => notice.failed(t('common:problem.title'));

  const tell = ({ link, expires }: Invitation, email: string) => {
    if (link) setOpen({ what: 'link', link, expires });
    else {
      close();
      notice.done(t('mailed', { email }));
    }
  };
  const actions = (user: User) => [
    { label: t('common:action.edit'), run: () => setOpen({ what: 'edit', user }) },
    {
      label: t('newLink'),
      run: () => newLink.mutate(user.id, { onSuccess: (made) => tell(made, user.email), onError: failed }),
    },
    ...(user.second_factor
      ? [
          {
            label: t('removeFactor'),
            run: () =>
              removeFactor.mutate(user.id, {
                onSuccess: () => notice.done(t('factorRemoved', { name: user.name })),
                onError: failed,
              }),
          },
        ]
      : []),
    { label: t('common:action.remove'), run: () => setOpen({ what: 'remove', user }) },
  ];

  return (
    <>
      <PageHeader
        title={t('title')}
        text={t('text')}
        actions={
          <Button variant="contained" onClick={() => setOpen({ what: 'invite' })}>
            {t('invite')}
          </Button>
        }
      />
      <UserTable actions={actions} />
      {open?.what === 'invite' ? <InviteDialog onDone={tell} onClose={close} /> : null}
      {open?.what === 'edit' ? <EditDialog user={open.user} onClose={close} /> : null}
      {open?.what === 'link' ? (
        <SecretDialog
          title={t('linkTitle')}
          text={t('linkText', { until: format.dateTime(open.expires) })}
          label={t('link')}
          value={new URL(open.link, window.location.origin).href}
          onClose={close}
        />
      ) : null}
      {open?.what === 'remove' ? (
        <ConfirmDialog
          open
          danger
          title={t('removeTitle', { name: open.user.name || open.user.email })}
          text={t('removeText')}
          confirm={t('common:action.remove')}
          busy={remove.isPending}
          error={remove.error}
          onClose={() => {
            remove.reset();
            close();
          }}
          onConfirm={() =>
            remove.mutate(open.user.id, {
              onSuccess: () => {
                close();
                notice.done(t('removed', { name: open.user.name || open.user.email }));
              },
            })
          }
        />
      ) : null}
    </>
  );
}
