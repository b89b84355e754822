import type { TextFieldProps } from '@mui/material';
import { TextField } from '@mui/material';
import type { Control, FieldPath, FieldValues } from 'react-hook-form';
import { useController } from 'react-hook-form';

export interface FormFieldProps<T extends FieldValues> {
  control: Control<T>;
  name: FieldPath<T>;
  label: string;
  /** Below the field, until there is a fault to tell. */
  hint?: string;
}

type Props<T extends FieldValues> = FormFieldProps<T> &
  Omit<TextFieldProps, 'name' | 'label' | 'value' | 'defaultValue' | 'error' | 'onChange' | 'onBlur'> & {
    /** E-mail addresses, numbers, hosts: left to right in every language. */
    ltr?: boolean;
  };

/** A text field of a form. type="number" gives a number, or null when it is empty. */
export function FormTextField<T extends FieldValues>({
  control,
  name,
  label,
  hint,
  ltr,
  type,
  slotProps,
  ...rest
}: Props<T>) {
  const { field, fieldState } = useController({ control, name });
  const value: unknown = field.value;
  return (
    <TextField
      fullWidth
      {...rest}
      type={type}
      label={label}
      name={field.name}
      value={value ?? ''}
      inputRef={field.ref}
      onBlur={field.onBlur}
      onChange={(event) => {
        const text = event.target.value;
        if (type !== 'number') field.onChange(text);
        else field.onChange(text === '' ? null : Number(text));
      }}
      error={fieldState.error !== undefined}
      helperText={fieldState.error?.message ?? hint}
      slotProps={{
        ...slotProps,
        htmlInput: { dir: ltr ? 'ltr' : undefined, ...(slotProps?.htmlInput as object | undefined) },
      }}
    />
  );
}
