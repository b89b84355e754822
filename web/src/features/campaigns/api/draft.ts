/* A new campaign that is not on the server yet is kept in this browser: one can leave and go on. */
import type { Values } from './wizard';
import { freshValues } from './wizard';

const PLACE = 'kolcast.campaign-draft';

export interface Draft {
  values: Values;
  step: number;
}

function place(user: number): string {
  return `${PLACE}.${user}`;
}

/** What was kept, filled up with what a newer version knows besides; null: nothing. */
export function keptDraft(storage: Storage, user: number, timeZone: string): Draft | null {
  try {
    const kept = JSON.parse(storage.getItem(place(user)) ?? 'null') as Partial<Draft> | null;
    if (!kept || typeof kept.values !== 'object' || typeof kept.step !== 'number') return null;
    const values = { ...freshValues(timeZone), ...kept.values };
    return Array.isArray(values.windows) && values.windows.length === 7 ? { values, step: kept.step } : null;
  } catch {
    return null; // Not ours, or storage is forbidden.
  }
}

export function keepDraft(storage: Storage, user: number, draft: Draft | null): void {
  try {
    if (draft) storage.setItem(place(user), JSON.stringify(draft));
    else storage.removeItem(place(user));
  } catch {
    // Storage is full or forbidden: then it lasts as long as the page.
  }
}
