import { Button, Stack, Typography } from '@mui/material';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormPasswordField } from '@/components/form/FormPasswordField';
import { useApiForm } from '@/components/form/useApiForm';
import { FormDialog } from '@/components/FormDialog';
import { StatusChip } from '@/components/StatusChip';
import { api, data } from '@/lib/api/client';
import { ME } from '@/lib/api/useMe';
import { useNotice } from '@/lib/state/useNotice';
import type { Totp } from './ConfirmFactor';
import { ConfirmFactor } from './ConfirmFactor';

/** The second factor: on with a QR code and recovery codes, off with the password. */
export function FactorSection({ on }: { on: boolean }) {
  const { t } = useTranslation('account');
  const queries = useQueryClient();
  const notice = useNotice();
  const [asking, setAsking] = useState(false);
  const [totp, setTotp] = useState<Totp | null>(null);
  const reload = () => queries.invalidateQueries({ queryKey: ME });

  const proved = async (password: string) => {
    if (on) {
      await api.POST('/api/session/totp/remove', { body: { password } });
      await reload();
      notice.done(t('factor.done'));
    } else {
      setTotp(await data(api.POST('/api/session/totp', { body: { password } })));
    }
    setAsking(false);
  };

  return (
    <Stack spacing={2} sx={{ alignItems: 'flex-start' }}>
      <StatusChip label={t(on ? 'factor.on' : 'factor.off')} tone={on ? 'success' : 'neutral'} />
      {on ? null : <Typography color="text.secondary">{t('factor.offText')}</Typography>}
      <Button variant="outlined" onClick={() => setAsking(true)}>
        {t(on ? 'factor.remove' : 'factor.begin')}
      </Button>
      {asking ? <ProofDialog onProof={proved} onClose={() => setAsking(false)} /> : null}
      {totp ? (
        <ConfirmFactor
          totp={totp}
          onClose={() => {
            setTotp(null);
            void reload();
          }}
        />
      ) : null}
    </Stack>
  );
}

const schema = z.object({ password: z.string().check(z.minLength(1)) });

interface ProofProps {
  onProof: (password: string) => Promise<void>;
  onClose: () => void;
}

function ProofDialog({ onProof, onClose }: ProofProps) {
  const { t } = useTranslation(['account', 'common']);
  const form = useApiForm({
    schema,
    values: { password: '' },
    send: ({ password }) => onProof(password),
  });
  return (
    <FormDialog
      title={t('factor.proof')}
      submit={t('common:action.continue')}
      {...form.dialog}
      onClose={onClose}
    >
      <FormPasswordField
        control={form.control}
        name="password"
        label={t('password.current')}
        autoComplete="current-password"
      />
    </FormDialog>
  );
}
