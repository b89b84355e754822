import { Checkbox, FormControl, FormControlLabel, FormHelperText, Switch } from '@mui/material';
import type { FieldValues } from 'react-hook-form';
import { useController } from 'react-hook-form';
import type { FormFieldProps } from './FormTextField';

/** Yes or no. */
export function FormCheckbox<T extends FieldValues>({
  control,
  name,
  label,
  hint,
  asSwitch,
}: FormFieldProps<T> & { asSwitch?: boolean }) {
  const { field, fieldState } = useController({ control, name });
  const value: unknown = field.value;
  const Box = asSwitch ? Switch : Checkbox;
  const text = fieldState.error?.message ?? hint;
  return (
    <FormControl error={fieldState.error !== undefined}>
      <FormControlLabel
        label={label}
        control={
          <Box
            name={field.name}
            checked={value === true}
            slotProps={{ input: { ref: field.ref } }}
            onBlur={field.onBlur}
            onChange={(_, checked) => field.onChange(checked)}
          />
        }
      />
      {text ? <FormHelperText sx={{ mx: 4 }}>{text}</FormHelperText> : null}
    </FormControl>
  );
}
