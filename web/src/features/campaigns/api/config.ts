/* The campaign as it is kept (schema/campaign.schema.json), as far as the pages show it. What is not
 * said there has the default that the schema names. */
import type { Schema } from '@/lib/api/client';

export type Windows = NonNullable<Schema<'CampaignInput'>['windows']>;
export type RetryRule = 'busy' | 'no_answer' | 'congestion' | 'failed' | 'machine';
type Duration = string | number;

export interface Config {
  region?: string;
  time_zone?: string;
  caller?: { name?: string; number?: string };
  windows?: Windows;
  start?: string;
  end?: string;
  holidays?: string[];
  pace?: { calls_per_second?: number; max_calls?: number };
  retry?: { max_attempts?: number; per_day?: number } & Partial<
    Record<RetryRule, { times?: number; after?: Duration }>
  >;
  ring_timeout?: Duration;
  max_call?: Duration;
  cost?: { per_minute?: number; per_call?: number; currency?: string };
  note?: unknown;
}

export const DEFAULTS = {
  time_zone: 'Asia/Jerusalem',
  windows: '09:00-20:00',
  calls_per_second: 2,
  max_calls: 20,
  max_attempts: 3,
  per_day: 0,
  currency: 'ILS',
  ring_timeout: '30s',
  max_call: '5m',
  retry: {
    busy: { times: 2, after: '10m' },
    no_answer: { times: 2, after: '2h' },
    congestion: { times: 3, after: '2m' },
    failed: { times: 2, after: '10m' },
    machine: { times: 1, after: '2h' },
  } satisfies Record<RetryRule, { times: number; after: string }>,
} as const;

/** The service answers with a campaign that its own reader has accepted. */
export function configOf(campaign: Schema<'Campaign'>): Config {
  return campaign.config;
}

export function currencyOf(config: Config): string {
  return config.cost?.currency ?? DEFAULTS.currency;
}
