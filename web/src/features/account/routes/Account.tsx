import { Paper, Stack, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { PageHeader } from '@/components/PageHeader';
import { useMe } from '@/lib/api/useMe';
import { FactorSection } from '../components/FactorSection';
import { PasswordForm } from '../components/PasswordForm';
import { Sessions } from '../components/Sessions';

export function Component() {
  const { t } = useTranslation(['account', 'common']);
  const me = useMe();
  return (
    <>
      <PageHeader title={t('title')} text={`${me.name} · ${t(`common:role.${me.role}`)}`} />
      <Stack spacing={3} sx={{ maxWidth: 720 }}>
        <Section title={t('profile')}>
          <Ltr>{me.email}</Ltr>
        </Section>
        <Section title={t('factor.title')}>
          <FactorSection on={me.second_factor} />
        </Section>
        <Section title={t('password.title')}>
          <PasswordForm email={me.email} />
        </Section>
        <Section title={t('sessions.title')}>
          <Sessions />
        </Section>
      </Stack>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper component="section" variant="outlined" sx={{ p: { xs: 2, sm: 3 } }}>
      <Typography variant="h2" sx={{ mb: 2 }}>
        {title}
      </Typography>
      {children}
    </Paper>
  );
}
