import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormCheckbox } from '@/components/form/FormCheckbox';
import { FormSelect } from '@/components/form/FormSelect';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { FormDialog } from '@/components/FormDialog';
import type { Invitation, User } from '../api/users';
import { useInvite, useUpdateUser } from '../api/users';

const ROLES = ['Analyst', 'CampaignManager', 'Administrator'] as const;

function useRoles() {
  const { t } = useTranslation();
  return ROLES.map((role) => ({ value: role, label: t(`role.${role}`) }));
}

const person = {
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)),
  email: z.email().check(z.maxLength(254)),
  role: z.enum(ROLES),
};
const invitation = z.object(person);
const account = z.object({ ...person, disabled: z.boolean() });

interface InviteProps {
  onDone: (invitation: Invitation, email: string) => void;
  onClose: () => void;
}

export function InviteDialog({ onDone, onClose }: InviteProps) {
  const { t } = useTranslation(['users', 'common']);
  const roles = useRoles();
  const invite = useInvite();
  const form = useApiForm({
    schema: invitation,
    values: { name: '', email: '', role: 'CampaignManager' as const },
    send: async (values) => onDone((await invite.mutateAsync(values)).invitation, values.email),
  });
  return (
    <FormDialog
      title={t('invite')}
      text={t('inviteText')}
      submit={t('send')}
      {...form.dialog}
      onClose={onClose}
    >
      <FormTextField control={form.control} name="name" label={t('name')} />
      <FormTextField control={form.control} name="email" type="email" ltr label={t('common:email')} />
      <FormSelect control={form.control} name="role" label={t('role')} options={roles} />
    </FormDialog>
  );
}

export function EditDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation(['users', 'common']);
  const roles = useRoles();
  const update = useUpdateUser(user.id);
  const form = useApiForm({
    schema: account,
    values: { name: user.name, email: user.email, role: user.role, disabled: user.disabled },
    send: async (values) => {
      await update.mutateAsync(values);
      onClose();
    },
  });
  const title = t('edit', { name: user.name || user.email });
  return (
    <FormDialog title={title} submit={t('common:action.save')} {...form.dialog} onClose={onClose}>
      <FormTextField control={form.control} name="name" label={t('name')} />
      <FormTextField control={form.control} name="email" type="email" ltr label={t('common:email')} />
      <FormSelect control={form.control} name="role" label={t('role')} options={roles} />
      <FormCheckbox control={form.control} name="disabled" label={t('blocked')} />
    </FormDialog>
  );
}
