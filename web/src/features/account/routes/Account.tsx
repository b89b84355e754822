import { Paper, Stack, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { PageHeader } from '@/components/PageHeader';
import { useMe } from '@/lib/api/useMe';

export function Component() {
  const { t } = useTranslation(['account', 'common']);
  const me = useMe();
  return (
    <>
      <PageHeader title={t('title')} text={me.name} />
      <Paper variant="outlined" sx={{ p: 3 }}>
        <Stack component="dl" spacing={2} sx={{ m: 0 }}>
          <Fact label={t('email')}>
            <Ltr>{me.email}</Ltr>
          </Fact>
          <Fact label={t('role')}>{t(`common:role.${me.role}`)}</Fact>
          <Fact label={t('factor')}>{t(me.second_factor ? 'common:state.yes' : 'common:state.no')}</Fact>
        </Stack>
      </Paper>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Typography component="dt" variant="body2" color="text.secondary">
        {label}
      </Typography>
      <Typography component="dd" sx={{ m: 0 }}>
        {children}
      </Typography>
    </div>
  );
}
