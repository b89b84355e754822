import { MenuItem, TextField } from '@mui/material';
import type { FieldValues } from 'react-hook-form';
import { useController } from 'react-hook-form';
import type { FormFieldProps } from './FormTextField';

interface Option {
  value: string;
  label: string;
}

/** A choice of few. For many (time zones, countries) see FormAutocomplete. */
export function FormSelect<T extends FieldValues>({
  control,
  name,
  label,
  hint,
  options,
}: FormFieldProps<T> & { options: Option[] }) {
  const { field, fieldState } = useController({ control, name });
  const value: unknown = field.value;
  return (
    <TextField
      select
      fullWidth
      label={label}
      name={field.name}
      value={value ?? ''}
      inputRef={field.ref}
      onBlur={field.onBlur}
      onChange={field.onChange}
      error={fieldState.error !== undefined}
      helperText={fieldState.error?.message ?? hint}
    >
      {options.map((option) => (
        <MenuItem key={option.value} value={option.value}>
          {option.label}
        </MenuItem>
      ))}
    </TextField>
  );
}
