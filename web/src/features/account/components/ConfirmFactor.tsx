import { Box } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { encode } from 'uqr';
import * as z from 'zod/mini';
import { CopyField } from '@/components/CopyField';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { FormDialog } from '@/components/FormDialog';
import { SecretDialog } from '@/components/SecretDialog';
import type { Schema } from '@/lib/api/client';
import { api, data } from '@/lib/api/client';

export type Totp = Schema<'TotpSecret'>;

const schema = z.object({ code: z.string().check(z.trim(), z.minLength(6), z.maxLength(20)) });

/** The secret for the app, its first code, then the recovery codes. */
export function ConfirmFactor({ totp, onClose }: { totp: Totp; onClose: () => void }) {
  const { t } = useTranslation('account');
  const [codes, setCodes] = useState<string[] | null>(null);
  const form = useApiForm({
    schema,
    values: { code: '' },
    send: async (body) => {
      const answer = await data(api.POST('/api/session/totp/confirm', { body }));
      setCodes(answer.recovery_codes);
    },
  });
  if (codes)
    return (
      <SecretDialog
        title={t('factor.codesTitle')}
        text={t('factor.codesText')}
        label={t('factor.codesTitle')}
        value={codes.join(' ')}
        onClose={onClose}
      />
    );
  return (
    <FormDialog
      title={t('factor.title')}
      text={t('factor.scan')}
      submit={t('factor.confirm')}
      {...form.dialog}
      onClose={onClose}
    >
      <QrCode text={totp.uri} label={t('factor.qr')} />
      <CopyField label={t('factor.secret')} value={totp.secret} />
      <FormTextField
        control={form.control}
        name="code"
        ltr
        label={t('factor.code')}
        autoComplete="one-time-code"
        slotProps={{ htmlInput: { inputMode: 'numeric' } }}
      />
    </FormDialog>
  );
}

function QrCode({ text, label }: { text: string; label: string }) {
  const { data: rows, size } = encode(text, { border: 2 });
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <Box
      component="svg"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      sx={{ width: 200, height: 200, bgcolor: '#fff', alignSelf: 'center', borderRadius: 1 }}
    >
      <path d={path} fill="#000" />
    </Box>
  );
}
