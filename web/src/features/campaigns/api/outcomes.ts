import type { Schema } from '@/lib/api/client';

export type Outcome = Schema<'Outcome'>;

export interface OutcomeCount {
  outcome: Outcome;
  count: number;
}

export const OUTCOMES: Outcome[] = [
  'answered',
  'machine',
  'no_answer',
  'busy',
  'rejected',
  'invalid_number',
  'congestion',
  'failed',
  'cancelled',
  'interrupted',
  'blacklisted',
  'outside_window',
];

/** Those that happened, the most frequent first. */
export function outcomesOf(counts: Schema<'ByOutcome'>): OutcomeCount[] {
  return OUTCOMES.map((outcome) => ({ outcome, count: counts[outcome] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}
