import { describe, expect, it } from 'vitest';
import type { Campaign } from './campaigns';
import { keepDraft, keptDraft } from './draft';
import { freshValues, inputOf, momentOf, valuesOf } from './wizard';
import { wizardSchema } from './wizardSchema';

// The contract says of it only that it is an object.
const config = {
  version: 1,
  name: 'Winter appeal',
  region: 'IL',
  time_zone: 'Europe/Berlin',
  caller: { number: '+97225551234' },
  windows: 'sun-thu 09:00-20:30',
  start: '2027-3-1 9:00',
  retry: { busy: { after: 90 } },
  cost: { per_minute: 0.05, currency: 'EUR' },
};
const campaign: Campaign = {
  id: 7,
  name: 'Winter appeal',
  kind: 'voice',
  state: 'draft',
  state_reason: '',
  list_id: 3,
  flow_id: 4,
  flow_version: 1,
  trunk_ids: [2],
  created: '2026-11-25T08:00:00Z',
  started: null,
  ended: null,
  config: config as never,
};

const complete = () => ({ ...freshValues('UTC'), name: 'a', list_id: '1', flow_id: '2' });

describe('inputOf', () => {
  it('gives back what was read, and does not lose what the form does not show', () => {
    expect(inputOf(valuesOf(campaign), config)).toMatchObject({
      name: 'Winter appeal',
      list_id: 3,
      flow_id: 4,
      trunk_ids: [2],
      region: 'IL',
      time_zone: 'Europe/Berlin',
      caller: { number: '+97225551234' },
      windows: { 'sun-thu': ['09:00-20:30'] },
      start: '2027-03-01T09:00',
      retry: { max_attempts: 3, busy: { times: 2, after: '90s' } },
      cost: { per_minute: 0.05, currency: 'EUR' },
    });
  });
  it('leaves out what is empty', () => {
    const input = inputOf(complete());
    for (const key of ['caller', 'start', 'end', 'holidays', 'note']) expect(input).not.toHaveProperty(key);
  });
});

describe('momentOf', () => {
  it('leaves alone what has a zone of its own', () => {
    expect(momentOf('2027-03-01T09:00:00Z')).toBe('2027-03-01T09:00:00Z');
    expect(momentOf('2027-03-01')).toBe('2027-03-01T00:00');
    expect(momentOf(undefined)).toBe('');
  });
});

describe('wizardSchema', () => {
  it('takes a whole campaign', () => expect(wizardSchema.safeParse(complete()).success).toBe(true));
  it.each([
    ['name', { name: ' ' }],
    ['list_id', { list_id: '' }],
    ['windows', { windows: [[], [], [], [], [], [], []] }],
    ['end', { start: '2027-03-02T09:00', end: '2027-03-01T09:00' }],
  ])('finds what is wrong with %s', (field, part) => {
    const result = wizardSchema.safeParse({ ...complete(), ...part });
    expect(result.error?.issues.map((issue) => issue.path[0])).toContain(field);
  });
});

describe('keptDraft', () => {
  it('is of one person, and gone when it was made a campaign', () => {
    const draft = { values: complete(), step: 2 };
    keepDraft(localStorage, 1, draft);
    expect(keptDraft(localStorage, 1, 'UTC')).toEqual(draft);
    expect(keptDraft(localStorage, 2, 'UTC')).toBeNull();
    keepDraft(localStorage, 1, null);
    expect(keptDraft(localStorage, 1, 'UTC')).toBeNull();
  });
  it('does not stumble over what is not ours', () => {
    for (const text of ['{', '[]', '{"values": {"windows": 1}, "step": 0}']) {
      localStorage.setItem('kolcast.campaign-draft.1', text);
      expect(keptDraft(localStorage, 1, 'UTC')).toBeNull();
    }
  });
});
