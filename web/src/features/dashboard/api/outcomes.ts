/* Calls that ended, by minute: a window that moves on, filled from the records first and from the live
 * connection afterwards. */
import type { Schema } from '@/lib/api/client';

type Outcome = Schema<'Outcome'>;

export const GROUPS = ['answered', 'missed', 'declined', 'failed'] as const;
export type Group = (typeof GROUPS)[number];
export type Minute = { at: number } & Record<Group, number>;

export const MINUTE_MS = 60_000;
export const MINUTES = 30;

/** What a person reads of an outcome at a glance; null: it says nothing of the people or the lines. */
export function groupOf(outcome: Outcome): Group | null {
  switch (outcome) {
    case 'answered':
    case 'machine':
      return 'answered';
    case 'no_answer':
    case 'busy':
      return 'missed';
    case 'rejected':
      return 'declined';
    case 'invalid_number':
    case 'congestion':
    case 'failed':
    case 'interrupted':
      return 'failed';
    default:
      return null;
  }
}

export interface Ended {
  /** Each call counts once, though records and live events both tell of it. */
  id: number;
  at: number;
  outcome: Outcome;
}

export class OutcomeWindow {
  private readonly calls = new Map<number, { minute: number; group: Group }>();
  private readonly counts = new Map<number, Record<Group, number>>();

  add(call: Ended): void {
    const group = groupOf(call.outcome);
    if (!group || this.calls.has(call.id)) return;
    const minute = Math.floor(call.at / MINUTE_MS);
    this.calls.set(call.id, { minute, group });
    const counts = this.counts.get(minute) ?? { answered: 0, missed: 0, declined: 0, failed: 0 };
    counts[group] += 1;
    this.counts.set(minute, counts);
  }

  /** The last half hour, minutes without a call included; what is older is forgotten. */
  minutes(now: number): Minute[] {
    const last = Math.floor(now / MINUTE_MS);
    const first = last - MINUTES + 1;
    for (const minute of this.counts.keys()) if (minute < first) this.counts.delete(minute);
    for (const [id, { minute }] of this.calls) if (minute < first) this.calls.delete(id);
    return Array.from({ length: MINUTES }, (_, i) => ({
      at: (first + i) * MINUTE_MS,
      ...(this.counts.get(first + i) ?? { answered: 0, missed: 0, declined: 0, failed: 0 }),
    }));
  }
}
