import { zodResolver } from '@hookform/resolvers/zod';
import { useState } from 'react';
import type { DefaultValues, FieldPath, FieldValues } from 'react-hook-form';
import { useForm } from 'react-hook-form';
import type { $ZodType } from 'zod/v4/core';
import { ApiProblem, fieldOf } from '@/lib/api/problem';

interface Options<Input extends FieldValues, Output extends FieldValues> {
  schema: $ZodType<Output, Input>;
  values: DefaultValues<Input>;
  /** Sends it. What it rejects with is shown: at its fields, or as `problem` above the form. */
  send: (values: Output) => Promise<unknown>;
}

/** A form that is checked by a zod schema, then by the service, whose faults land at their fields. */
export function useApiForm<Input extends FieldValues, Output extends FieldValues>(
  options: Options<Input, Output>,
) {
  const [problem, setProblem] = useState<unknown>(null);
  const form = useForm<Input, unknown, Output>({
    resolver: zodResolver(options.schema),
    defaultValues: options.values,
    // Not when a field is left: a message that comes then moves the button away from under the pointer.
    mode: 'onSubmit',
  });

  const tellFaults = (error: unknown) => {
    const faults = error instanceof ApiProblem ? error.faults : [];
    const known = faults.filter(
      (fault) => form.getValues(fieldOf(fault.pointer) as FieldPath<Input>) !== undefined,
    );
    known.forEach((fault, i) => {
      const message = [fault.message, fault.remedy].filter(Boolean).join('; ');
      form.setError(fieldOf(fault.pointer) as FieldPath<Input>, { message }, { shouldFocus: i === 0 });
    });
    if (known.length === 0 || known.length < faults.length) setProblem(error);
  };

  const submit = form.handleSubmit(async (values) => {
    setProblem(null);
    try {
      await options.send(values);
    } catch (error) {
      tellFaults(error);
    }
  });

  const onSubmit = (event?: React.FormEvent) => void submit(event);
  const busy = form.formState.isSubmitting;
  return { ...form, submit: onSubmit, problem, busy, dialog: { onSubmit, problem, busy } };
}
