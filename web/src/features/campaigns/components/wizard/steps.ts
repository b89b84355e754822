import type { FieldPath } from 'react-hook-form';
import type { Values } from '../../api/wizard';

export const STEPS = ['purpose', 'people', 'message', 'schedule', 'check'] as const;
export type StepName = (typeof STEPS)[number];

/** Which fields stand on which step; the last one shows and asks nothing. */
export const FIELDS: Record<StepName, FieldPath<Values>[]> = {
  purpose: ['name', 'note', 'caller', 'trunk_ids'],
  people: ['list_id'],
  message: ['flow_id'],
  schedule: [
    'time_zone',
    'windows',
    'start',
    'end',
    'holidays',
    'pace',
    'retry',
    'ring_timeout',
    'max_call',
    'cost',
  ],
  check: [],
};

/** The first step with something wrong, -1: none. */
export function faultyStep(errors: object): number {
  return STEPS.findIndex((step) => FIELDS[step].some((field) => field in errors));
}
