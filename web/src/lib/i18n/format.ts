/* Dates, numbers and lengths as the language writes them. */
import { useMemo } from 'react';
import { useAppSelector } from '@/lib/state/store';
import type { Language } from '@/lib/state/interface';

const LOCALES: Record<Language, string> = { en: 'en-GB', he: 'he-IL' };

export function makeFormat(language: Language, timeZone?: string) {
  const locale = LOCALES[language];
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', timeZone });
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const at = (value: string | number | Date) => new Date(value);
  return {
    dateTime: (value: string | number | Date) => dateTime.format(at(value)),
    date: (value: string | number | Date) => date.format(at(value)),
    time: (value: string | number | Date) => time.format(at(value)),
    number: (value: number) => number.format(value),
    /** 0.25 → "25%" */
    share: (value: number) => share.format(value),
    money: (value: number, currency: string) =>
      new Intl.NumberFormat(locale, { style: 'currency', currency }).format(value),
    /** "in 3 hours", "yesterday" */
    ago: (value: string | number | Date, now = Date.now()) => {
      const seconds = (at(value).getTime() - now) / 1000;
      const steps = [
        ['day', 86400],
        ['hour', 3600],
        ['minute', 60],
      ] as const;
      const step = steps.find(([, size]) => Math.abs(seconds) >= size);
      return step
        ? relative.format(Math.round(seconds / step[1]), step[0])
        : relative.format(Math.round(seconds), 'second');
    },
  };
}

export type Format = ReturnType<typeof makeFormat>;

/** Formats of the language that is shown; times in the browser's zone. */
export function useFormat(): Format {
  const language = useAppSelector((state) => state.interface.language);
  return useMemo(() => makeFormat(language), [language]);
}
