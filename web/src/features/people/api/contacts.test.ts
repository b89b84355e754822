import { describe, expect, it } from 'vitest';
import { bytes } from './bytes';
import { searchOf } from './contacts';

describe('what is looked for', () => {
  it.each([
    ['050-123 4567', { number: '0501234567' }],
    ['+972 50', { number: '+97250' }],
    [' נועה ', { q: 'נועה' }],
    ['', {}],
    ['7 Dwarfs', { q: '7 Dwarfs' }],
  ])('%s', (text, wanted) => expect(searchOf(text)).toEqual(wanted));
});

it('tells sizes in words', () => {
  const format = { number: (value: number) => String(Math.round(value * 10) / 10) };
  expect([10, 1536, 1073741824].map((n) => bytes(n, format))).toEqual(['10 B', '1.5 KB', '1 GB']);
});
