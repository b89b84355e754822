import { Alert, Autocomplete, TextField } from '@mui/material';
import type { Control } from 'react-hook-form';
import { useController } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/lib/api/client';
import type { Values } from '../../api/wizard';

interface Props {
  control: Control<Values>;
  trunks: Schema<'Trunk'>[];
}

/** The lines that it calls through, in turn; none chosen means all. */
export function TrunkChoice({ control, trunks }: Props) {
  const { t } = useTranslation('campaigns');
  const { field, fieldState } = useController({ control, name: 'trunk_ids' });
  if (trunks.length === 0) return <Alert severity="warning">{t('wizard.noTrunk')}</Alert>;
  const chosen = field.value.flatMap((id) => trunks.filter((trunk) => String(trunk.id) === id));
  return (
    <Autocomplete
      multiple
      options={trunks}
      value={chosen}
      getOptionLabel={(trunk) => trunk.name}
      getOptionKey={(trunk) => trunk.id}
      isOptionEqualToValue={(a, b) => a.id === b.id}
      onChange={(_, next) => field.onChange(next.map((trunk) => String(trunk.id)))}
      onBlur={field.onBlur}
      renderInput={({ InputProps, InputLabelProps, inputProps, ...params }) => (
        <TextField
          {...params}
          label={t('field.trunks')}
          placeholder={chosen.length === 0 ? t('content.allTrunks') : undefined}
          error={fieldState.error !== undefined}
          helperText={fieldState.error?.message ?? t('wizard.trunksHint')}
          slotProps={{
            input: InputProps,
            inputLabel: { ...InputLabelProps, shrink: true },
            htmlInput: inputProps,
          }}
        />
      )}
    />
  );
}
