import { Box, Button } from '@mui/material';
import ErrorOutline from '@mui/icons-material/ErrorOutline';
import LockOutlined from '@mui/icons-material/LockOutlined';
import SearchOff from '@mui/icons-material/SearchOff';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useRouteError } from 'react-router-dom';
import { EmptyState } from '@/components/EmptyState';

/** A page threw: what was saved is safe, the rest is loaded anew. */
export function BrokenPage({ inside = false }: { inside?: boolean }) {
  const { t } = useTranslation();
  const error = useRouteError();
  useEffect(() => console.error(error), [error]);
  return (
    <Box component={inside ? 'div' : 'main'} role="alert" sx={{ maxWidth: 720, mx: 'auto', mt: 6, px: 2 }}>
      <EmptyState
        whole
        icon={<ErrorOutline />}
        title={t('page.brokenTitle')}
        text={t('page.brokenText')}
        action={
          <Button variant="contained" onClick={() => window.location.reload()}>
            {t('page.reload')}
          </Button>
        }
      />
    </Box>
  );
}

function HomeButton() {
  const { t } = useTranslation();
  return (
    <Button component={Link} to="/" variant="contained">
      {t('page.home')}
    </Button>
  );
}

export function AbsentPage() {
  const { t } = useTranslation();
  return (
    <EmptyState
      whole
      icon={<SearchOff />}
      title={t('page.absentTitle')}
      text={t('page.absentText')}
      action={<HomeButton />}
    />
  );
}

export function RefusedPage() {
  const { t } = useTranslation();
  return (
    <EmptyState
      whole
      icon={<LockOutlined />}
      title={t('page.refusedTitle')}
      text={t('page.refusedText')}
      action={<HomeButton />}
    />
  );
}
