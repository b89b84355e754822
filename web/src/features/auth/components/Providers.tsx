import { Button, Divider, Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { providersQuery } from '../api/auth';

/** A button for each OpenID provider; the browser goes there. */
export function Providers({ then }: { then: string }) {
  const { t } = useTranslation('auth');
  const { data: providers } = useQuery(providersQuery);
  if (!providers?.items.length) return null;
  return (
    <Stack spacing={1.5}>
      <Divider>{t('signIn.or')}</Divider>
      {providers.items.map(({ name, label }) => (
        <Button
          key={name}
          variant="outlined"
          size="large"
          href={`/api/providers/${encodeURIComponent(name)}/start?return_to=${encodeURIComponent(then)}`}
        >
          {t('signIn.provider', { label })}
        </Button>
      ))}
    </Stack>
  );
}
