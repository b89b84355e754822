import * as z from 'zod/mini';
import { i18n } from '@/lib/i18n/i18n';
import type { RetryRule } from './config';
import { faultOf } from './week';

const count = (least: number, most: number) => z.int().check(z.minimum(least), z.maximum(most));
const rule = z.object({ times: count(0, 20), after: z.string().check(z.minLength(1)) });
const rules: Record<RetryRule, typeof rule> = {
  busy: rule,
  no_answer: rule,
  congestion: rule,
  failed: rule,
  machine: rule,
};
const span = z.object({ from: z.string(), to: z.string() });

/** As schema/campaign.schema.json has it, as far as the form could be wrong. */
export const wizardSchema = z
  .object({
    name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)),
    note: z.string().check(z.maxLength(1000)),
    caller: z.object({
      name: z.string().check(z.trim(), z.maxLength(63)),
      number: z.string().check(z.trim(), z.maxLength(63)),
    }),
    trunk_ids: z.array(z.string()),
    list_id: z.string().check(z.minLength(1)),
    flow_id: z.string().check(z.minLength(1)),
    time_zone: z.string().check(z.minLength(1)),
    windows: z.array(z.array(span)).check(
      z.refine((week) => faultOf(week) === null, {
        error: ({ input }) => {
          const fault = faultOf(input as { from: string; to: string }[][]);
          return i18n.t(
            `campaigns:wizard.hoursFault.${fault === 'closed' ? fault : (fault?.fault ?? 'time')}`,
          );
        },
      }),
    ),
    start: z.string(),
    end: z.string(),
    holidays: z.array(z.string()).check(z.maxLength(64)),
    pace: z.object({
      calls_per_second: z.number().check(z.minimum(0.01), z.maximum(10_000)),
      max_calls: count(1, 20_000),
    }),
    retry: z.object({ max_attempts: count(1, 20), per_day: count(0, 20), ...rules }),
    ring_timeout: z.string(),
    max_call: z.string(),
    cost: z.object({
      per_minute: z.number().check(z.minimum(0), z.maximum(1000)),
      per_call: z.number().check(z.minimum(0), z.maximum(1000)),
    }),
  })
  .check(
    z.refine(({ start, end }) => !start || !end || end > start, {
      path: ['end'],
      error: () => i18n.t('campaigns:wizard.endFault'),
    }),
  );
