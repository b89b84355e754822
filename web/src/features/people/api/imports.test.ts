import { describe, expect, it } from 'vitest';
import { claimedTwice, meaningOf, readingOf } from './imports';
import type { Preview } from './uploads';

function preview(fields: Preview['columns'][number]['field'][], more: Partial<Preview> = {}): Preview {
  return {
    columns: fields.map((field, i) => ({ title: `c${i}`, field, remark: false })),
    rows: [],
    sheets: [],
    sheet: '',
    encoding: 'utf-8',
    separator: ',',
    no_header: false,
    ...more,
  };
}

describe('what columns mean', () => {
  it('sends nothing that the service has understood by itself', () => {
    const p = preview(['name', 'phone', null]);
    expect(readingOf(p, meaningOf(p))).toEqual({ sheet: undefined, map: undefined, no_header: undefined });
  });

  it('tells every field once one is changed', () => {
    const p = preview(['name', 'phone', null], { sheet: 'תורמים' });
    expect(readingOf(p, [null, 'phone', 'name'])).toEqual({
      sheet: 'תורמים',
      map: 'phone=c1;name=c2',
      no_header: undefined,
    });
  });

  it('tells every field of a file without a header', () => {
    const p = preview([null, 'phone'], { no_header: true });
    expect(readingOf(p, ['name', 'phone'])).toMatchObject({ map: 'name=c0;phone=c1', no_header: true });
  });

  it('lets several columns have phone numbers, and no other field', () => {
    expect(claimedTwice(['phone', 'phone', 'name', null, null])).toBeNull();
    expect(claimedTwice(['phone', 'name', 'name'])).toBe('name');
  });
});
