/* The campaign as the wizard's form holds it, and the way to and from what the service takes. Fields
 * bear the service's names, so that its faults land at them. */
import type { Schema } from '@/lib/api/client';
import type { Config, RetryRule } from './config';
import { configOf, DEFAULTS } from './config';
import type { Campaign } from './campaigns';
import type { Week } from './week';
import { weekOf, windowsOf } from './week';

export interface Values {
  name: string;
  note: string;
  caller: { name: string; number: string };
  trunk_ids: string[];
  list_id: string;
  flow_id: string;
  time_zone: string;
  windows: Week;
  start: string;
  end: string;
  holidays: string[];
  pace: { calls_per_second: number | null; max_calls: number | null };
  retry: { max_attempts: number | null; per_day: number | null } & Record<
    RetryRule,
    { times: number | null; after: string }
  >;
  ring_timeout: string;
  max_call: string;
  cost: { per_minute: number | null; per_call: number | null };
}

export const RULES: RetryRule[] = ['no_answer', 'busy', 'machine', 'congestion', 'failed'];

/** 90 → "90s"; the service takes both, the form knows texts only. */
function durationText(value: string | number | undefined, otherwise: string): string {
  if (value === undefined) return otherwise;
  return typeof value === 'number' ? `${value}s` : value.replace(/\s+/g, '');
}

function retryOf(config: Config): Values['retry'] {
  const rule = (name: RetryRule) => ({
    times: config.retry?.[name]?.times ?? DEFAULTS.retry[name].times,
    after: durationText(config.retry?.[name]?.after, DEFAULTS.retry[name].after),
  });
  return {
    max_attempts: config.retry?.max_attempts ?? DEFAULTS.max_attempts,
    per_day: config.retry?.per_day ?? DEFAULTS.per_day,
    busy: rule('busy'),
    no_answer: rule('no_answer'),
    congestion: rule('congestion'),
    failed: rule('failed'),
    machine: rule('machine'),
  };
}

/** "2027-3-1 9:00" → "2027-03-01T09:00", as the browser's field for moments has it. A day alone begins
 * at midnight. Moments with a zone of their own stay as they are. */
export function momentOf(text: string | undefined): string {
  const [, year, month, day, hour = '0', minute = '00'] =
    /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::\d{2})?)?$/.exec(text ?? '') ?? [];
  if (!year || !month || !day) return text ?? '';
  const two = (part: string) => part.padStart(2, '0');
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}`;
}

function valuesOfConfig(config: Config): Omit<Values, 'name' | 'trunk_ids' | 'list_id' | 'flow_id'> {
  return {
    note: typeof config.note === 'string' ? config.note : '',
    caller: { name: config.caller?.name ?? '', number: config.caller?.number ?? '' },
    time_zone: config.time_zone ?? DEFAULTS.time_zone,
    windows: weekOf(config.windows ?? DEFAULTS.windows) ?? [[], [], [], [], [], [], []],
    start: momentOf(config.start),
    end: momentOf(config.end),
    holidays: config.holidays ?? [],
    pace: {
      calls_per_second: config.pace?.calls_per_second ?? DEFAULTS.calls_per_second,
      max_calls: config.pace?.max_calls ?? DEFAULTS.max_calls,
    },
    retry: retryOf(config),
    ring_timeout: durationText(config.ring_timeout, DEFAULTS.ring_timeout),
    max_call: durationText(config.max_call, DEFAULTS.max_call),
    cost: { per_minute: config.cost?.per_minute ?? 0, per_call: config.cost?.per_call ?? 0 },
  };
}

export function valuesOf(campaign: Campaign): Values {
  return {
    ...valuesOfConfig(configOf(campaign)),
    name: campaign.name,
    trunk_ids: campaign.trunk_ids.map(String),
    list_id: String(campaign.list_id),
    flow_id: campaign.flow_id === null ? '' : String(campaign.flow_id),
  };
}

/** A new campaign: Israel's usual calling hours, the zone that the settings name. */
export function freshValues(timeZone: string): Values {
  const config = { time_zone: timeZone, windows: 'sun-thu 09:00-20:30; fri 09:00-13:00' };
  return { ...valuesOfConfig(config), name: '', trunk_ids: [], list_id: '', flow_id: '' };
}

/** What the form does not show stays as it was. */
export function inputOf(values: Values, before: Config = {}): Schema<'CampaignInput'> {
  const { name: callerName, number } = values.caller;
  return {
    name: values.name.trim(),
    list_id: Number(values.list_id),
    flow_id: Number(values.flow_id),
    trunk_ids: values.trunk_ids.map(Number),
    ...(before.region ? { region: before.region } : {}),
    time_zone: values.time_zone,
    ...(callerName || number
      ? { caller: { ...(callerName ? { name: callerName } : {}), ...(number ? { number } : {}) } }
      : {}),
    windows: windowsOf(values.windows),
    ...(values.start ? { start: values.start } : {}),
    ...(values.end ? { end: values.end } : {}),
    ...(values.holidays.length > 0 ? { holidays: values.holidays } : {}),
    pace: {
      calls_per_second: values.pace.calls_per_second ?? DEFAULTS.calls_per_second,
      max_calls: values.pace.max_calls ?? DEFAULTS.max_calls,
    },
    retry: retryInput(values.retry),
    ring_timeout: values.ring_timeout,
    max_call: values.max_call,
    cost: {
      per_minute: values.cost.per_minute ?? 0,
      per_call: values.cost.per_call ?? 0,
      ...(before.cost?.currency ? { currency: before.cost.currency } : {}),
    },
    ...(values.note.trim() ? { note: values.note.trim() } : {}),
  };
}

function retryInput(retry: Values['retry']): NonNullable<Schema<'CampaignInput'>['retry']> {
  const rule = (name: RetryRule) => ({ times: retry[name].times ?? 0, after: retry[name].after });
  return {
    max_attempts: retry.max_attempts ?? DEFAULTS.max_attempts,
    per_day: retry.per_day ?? 0,
    busy: rule('busy'),
    no_answer: rule('no_answer'),
    congestion: rule('congestion'),
    failed: rule('failed'),
    machine: rule('machine'),
  };
}
