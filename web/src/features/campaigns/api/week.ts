/* Calling hours by weekday. The service takes them as a text, "sun-thu 09:00-20:30; fri 09:00-13:00",
 * or as days with spans; here they are seven days (0 Sunday) with spans, which can be shown and edited. */
import type { Windows } from './config';

export interface Span {
  from: string;
  to: string;
}
export type Week = Span[][];

export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export const SPANS_MAX = 4;
const LONG = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const HEBREW = ['ראשון', 'שני', 'שלישי', 'רביעי', 'חמישי', 'שישי', 'שבת'];
const TIME = /^(\d{1,2}):([0-5]\d)$/;

function dayOf(word: string): number {
  const name = word.toLowerCase();
  return (
    [DAYS, LONG, HEBREW].map((names) => names.findIndex((one) => one === name)).find((i) => i >= 0) ?? -1
  );
}

/** "sun", "sun-thu", over the week's end too, or several with commas; null: no days. */
function daysOf(text: string): number[] | null {
  const days: number[] = [];
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const [from, to, ...rest] = part.split('-').map(dayOf);
    if (from === undefined || from < 0 || rest.length > 0 || (to !== undefined && to < 0)) return null;
    const last = to ?? from;
    for (let day = from; ; day = (day + 1) % 7) {
      days.push(day);
      if (day === last) break;
    }
  }
  return days;
}

/** Minutes of the day, 24:00 included; -1: no time. */
export function minutesOf(time: string): number {
  const [, hours, minutes] = TIME.exec(time) ?? [];
  if (hours === undefined || minutes === undefined) return -1;
  const all = Number(hours) * 60 + Number(minutes);
  return all <= 1440 ? all : -1;
}

function timeOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

function spanOf(text: string): Span | null {
  const [from = -1, to = -1, ...rest] = text.split('-').map((time) => minutesOf(time.trim()));
  return from >= 0 && from < to && rest.length === 0 ? { from: timeOf(from), to: timeOf(to) } : null;
}

function emptyWeek(): Week {
  return DAYS.map(() => []);
}

function add(week: Week, days: number[], spans: (Span | null)[]): boolean {
  if (spans.some((span) => span === null)) return false;
  for (const day of days) week[day]?.push(...spans.filter((span) => span !== null));
  return true;
}

function fromText(text: string): Week | null {
  const week = emptyWeek();
  for (const part of text
    .split(';')
    .map((one) => one.trim())
    .filter(Boolean)) {
    const [, dayWords = '', spanWords = ''] = /^(\D*?)\s*(\d.*)$/.exec(part) ?? [];
    const days = dayWords ? daysOf(dayWords) : DAYS.map((_, i) => i);
    if (!spanWords || !days || !add(week, days, spanWords.split(',').map(spanOf))) return null;
  }
  return week;
}

/** null: hours that only the service understands; they are shown as they are. */
export function weekOf(windows: Windows): Week | null {
  if (typeof windows === 'string') return fromText(windows);
  const week = emptyWeek();
  for (const [words, spans] of Object.entries(windows)) {
    const days = daysOf(words);
    const list = typeof spans === 'string' ? [spans] : spans;
    if (!days || !add(week, days, list.map(spanOf))) return null;
  }
  return week;
}

const textOf = (spans: Span[]) => spans.map(({ from, to }) => `${from}-${to}`);

/** Days in a row with the same hours stand together. */
export function runsOf(week: Week): { first: number; last: number; spans: Span[] }[] {
  const runs: { first: number; last: number; spans: Span[] }[] = [];
  week.forEach((spans, day) => {
    if (spans.length === 0) return;
    const before = runs.at(-1);
    if (before && before.last === day - 1 && textOf(before.spans).join() === textOf(spans).join())
      before.last = day;
    else runs.push({ first: day, last: day, spans });
  });
  return runs;
}

export function windowsOf(week: Week): Exclude<Windows, string> {
  const windows: Record<string, string[]> = {};
  for (const { first, last, spans } of runsOf(week)) {
    const [from = '', to = ''] = [DAYS[first], DAYS[last]];
    windows[first === last ? from : `${from}-${to}`] = textOf(spans);
  }
  return windows;
}

/** Where the week is wrong: the day, and what is wrong with it. */
export function faultOf(week: Week): { day: number; fault: 'time' | 'order' | 'overlap' } | 'closed' | null {
  if (week.every((spans) => spans.length === 0)) return 'closed';
  for (const [day, spans] of week.entries()) {
    const sorted = spans
      .map((span) => [minutesOf(span.from), minutesOf(span.to)] as const)
      .sort((a, b) => a[0] - b[0]);
    if (sorted.some(([from, to]) => from < 0 || to < 0)) return { day, fault: 'time' };
    if (sorted.some(([from, to]) => from >= to)) return { day, fault: 'order' };
    if (sorted.some(([from], i) => i > 0 && from < (sorted[i - 1]?.[1] ?? 0)))
      return { day, fault: 'overlap' };
  }
  return null;
}
