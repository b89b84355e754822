import { Autocomplete, TextField } from '@mui/material';
import type { FieldValues } from 'react-hook-form';
import { useController } from 'react-hook-form';
import type { FormFieldProps } from './FormTextField';

export interface Choice {
  value: string;
  label: string;
}

type Props<T extends FieldValues> = FormFieldProps<T> & { choices: Choice[]; ltr?: boolean };

/** A choice of many, found by typing. The field's value is the choice's value. */
export function FormAutocomplete<T extends FieldValues>({
  control,
  name,
  label,
  hint,
  choices,
  ltr,
}: Props<T>) {
  const { field, fieldState } = useController({ control, name });
  const value: unknown = field.value;
  const known = choices.find((choice) => choice.value === value);
  // What was set before stays to be seen, also when this browser does not know it.
  const chosen = known ?? (typeof value === 'string' && value ? { value, label: value } : null);
  return (
    <Autocomplete
      options={known || !chosen ? choices : [chosen, ...choices]}
      value={chosen}
      isOptionEqualToValue={(a, b) => a.value === b.value}
      onChange={(_, choice) => field.onChange(choice?.value ?? '')}
      onBlur={field.onBlur}
      renderInput={({ InputProps, InputLabelProps, inputProps, ...params }) => (
        <TextField
          {...params}
          label={label}
          name={field.name}
          inputRef={field.ref}
          error={fieldState.error !== undefined}
          helperText={fieldState.error?.message ?? hint}
          slotProps={{
            input: InputProps,
            inputLabel: InputLabelProps,
            htmlInput: { ...inputProps, dir: ltr ? 'ltr' : undefined },
          }}
        />
      )}
    />
  );
}
