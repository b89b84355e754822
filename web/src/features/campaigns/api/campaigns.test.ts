import { describe, expect, it } from 'vitest';
import { actionsOf } from './actions';
import { outcomesOf } from './outcomes';
import { peopleOf, settledOf } from './people';
import type { Progress } from './progress';
import { merged } from './progress';
import { filterOf } from './useListView';

const people = { waiting: 5, claimed: 1, reached: 3, exhausted: 1, refused: 0, blacklisted: 2, removed: 9 };

describe('actionsOf', () => {
  it('offers what the state allows', () => {
    expect(actionsOf({ state: 'draft', flow_id: 1 })).toContain('start');
    expect(actionsOf({ state: 'running', flow_id: 1 })).not.toContain('delete');
    expect(actionsOf({ state: 'cancelled', flow_id: 1 })).toEqual(['duplicate', 'delete']);
  });
  it('does not offer to copy what was made of a file', () => {
    expect(actionsOf({ state: 'cancelled', flow_id: null })).toEqual(['delete']);
  });
});

describe('people', () => {
  it('counts who is on the list, and who needs no more calls', () => {
    expect(peopleOf(people)).toBe(12);
    expect(settledOf(people)).toBe(6);
  });
});

describe('filterOf', () => {
  it('takes from the address what makes sense', () => {
    expect(filterOf(new URLSearchParams('q=+winter+&state=running&sort=-name'))).toEqual({
      q: 'winter',
      state: 'running',
      sort: '-name',
    });
    expect(filterOf(new URLSearchParams('q=+&state=lost&sort=colour'))).toEqual({
      q: undefined,
      state: undefined,
      sort: '-created',
    });
  });
});

describe('outcomesOf', () => {
  it('leaves out what did not happen, the most frequent first', () => {
    expect(outcomesOf({ answered: 2, busy: 5, failed: 0 })).toEqual([
      { outcome: 'busy', count: 5 },
      { outcome: 'answered', count: 2 },
    ]);
  });
});

describe('merged', () => {
  const live = {
    state: 'running',
    note: 'waiting',
    people,
    calls: 4,
    by_outcome: { answered: 1 },
    calls_up: 0,
    calls_ringing: 0,
    keys: 0,
    opt_outs: 0,
    texts: 0,
    pace_now: 1,
    pace_cap: 2,
    pace_measured: 1,
  } as const;
  const old: Progress = {
    ...live,
    talk_seconds: 30,
    cost: 0.5,
    pace_reason: 'congestion',
    finish: '2026-11-25T09:00:00Z',
    next_open: null,
  };
  it('keeps what a live message does not tell', () => {
    const next = merged(old, { ...live, type: 'campaign.progress', campaign_id: 7, calls: 9, note: '' });
    expect(next).toMatchObject({ calls: 9, note: '', cost: 0.5, finish: '2026-11-25T09:00:00Z' });
  });
});
