import { Box, Checkbox, FormControl, FormControlLabel, FormHelperText, FormLabel } from '@mui/material';
import { useController } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import * as z from 'zod/mini';
import { FormTextField } from '@/components/form/FormTextField';
import { useApiForm } from '@/components/form/useApiForm';
import { FormDialog } from '@/components/FormDialog';
import { Ltr } from '@/components/Ltr';
import type { Scope } from '../api/keys';
import { SCOPES, useMakeKey } from '../api/keys';

const schema = z.object({
  name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)),
  scopes: z.array(z.enum(SCOPES)).check(z.minLength(1)),
});

interface Props {
  onDone: (name: string, secret: string) => void;
  onClose: () => void;
}

export function MakeKeyDialog({ onDone, onClose }: Props) {
  const { t } = useTranslation('keys');
  const make = useMakeKey();
  const form = useApiForm({
    schema,
    values: { name: '', scopes: [] as Scope[] },
    send: async (values) => onDone(values.name, (await make.mutateAsync(values)).secret),
  });
  const { field, fieldState } = useController({ control: form.control, name: 'scopes' });
  const toggle = (scope: Scope) => {
    const had = field.value.includes(scope);
    field.onChange(had ? field.value.filter((one) => one !== scope) : [...field.value, scope]);
  };
  return (
    <FormDialog title={t('make')} submit={t('make')} {...form.dialog} onClose={onClose}>
      <FormTextField control={form.control} name="name" label={t('name')} hint={t('nameHint')} />
      <FormControl component="fieldset" error={fieldState.error !== undefined}>
        <FormLabel component="legend">{t('scopes')}</FormLabel>
        <Box sx={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(10.5rem, 1fr))' }}>
          {SCOPES.map((scope) => (
            <FormControlLabel
              key={scope}
              label={<Ltr>{scope}</Ltr>}
              control={<Checkbox checked={field.value.includes(scope)} onChange={() => toggle(scope)} />}
            />
          ))}
        </Box>
        {fieldState.error ? <FormHelperText>{t('scopesNeeded')}</FormHelperText> : null}
      </FormControl>
    </FormDialog>
  );
}
