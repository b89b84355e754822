import { describe, expect, it } from 'vitest';
import { safeReturn } from './safeReturn';

describe('safeReturn', () => {
  it('keeps paths of ours', () => {
    expect(safeReturn('/users?sort=name')).toBe('/users?sort=name');
    expect(safeReturn('/')).toBe('/');
  });

  it.each([
    null,
    '',
    'users',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
  ])('goes to the start instead of %j', (then) => expect(safeReturn(then)).toBe('/'));
});
