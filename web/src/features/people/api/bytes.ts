import type { Format } from '@/lib/i18n/format';

const UNITS = ['B', 'KB', 'MB', 'GB'];

/** 1536 → "1.5 KB". */
export function bytes(count: number, format: Pick<Format, 'number'>): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${format.number(value)} ${UNITS[unit]}`;
}
