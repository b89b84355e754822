import { describe, expect, it } from 'vitest';
import { MINUTE_MS, MINUTES, OutcomeWindow } from './outcomes';

const now = 1_000 * MINUTE_MS + 5_000;

describe('OutcomeWindow', () => {
  it('counts by minute, a call that is told of twice once', () => {
    const window = new OutcomeWindow();
    window.add({ id: 1, at: now, outcome: 'answered' });
    window.add({ id: 1, at: now, outcome: 'answered' });
    window.add({ id: 2, at: now - MINUTE_MS, outcome: 'busy' });
    window.add({ id: 3, at: now, outcome: 'cancelled' });
    const minutes = window.minutes(now);
    expect(minutes).toHaveLength(MINUTES);
    expect(minutes.at(-1)).toMatchObject({ answered: 1, missed: 0, declined: 0, failed: 0 });
    expect(minutes.at(-2)).toMatchObject({ answered: 0, missed: 1 });
  });

  it('moves on', () => {
    const window = new OutcomeWindow();
    window.add({ id: 1, at: now, outcome: 'failed' });
    expect(window.minutes(now + (MINUTES - 1) * MINUTE_MS)[0]).toMatchObject({ failed: 1 });
    expect(window.minutes(now + MINUTES * MINUTE_MS).every((minute) => minute.failed === 0)).toBe(true);
    // Forgotten for good: the same call may come again, as after a restart.
    window.add({ id: 1, at: now + MINUTES * MINUTE_MS, outcome: 'failed' });
    expect(window.minutes(now + MINUTES * MINUTE_MS).at(-1)).toMatchObject({ failed: 1 });
  });
});
