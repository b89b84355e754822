import type { Schema } from '@/lib/api/client';

export type PeopleCounts = Schema<'ByTargetState'>;

/** Who is on the campaign's list and was not taken off it since. */
export function peopleOf(counts: PeopleCounts): number {
  return Object.entries(counts).reduce((sum, [state, count]) => (state === 'removed' ? sum : sum + count), 0);
}

/** Who needs no more calls, whatever the reason. */
export function settledOf(counts: PeopleCounts): number {
  return peopleOf(counts) - counts.waiting - counts.claimed;
}

export function shareOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
