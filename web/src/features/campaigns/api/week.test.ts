import { describe, expect, it } from 'vitest';
import { faultOf, weekOf, windowsOf } from './week';

const span = (from: string, to: string) => ({ from, to });

describe('weekOf', () => {
  it('reads the short form, day by day', () => {
    const week = weekOf('sun-thu 9:00-13:00, 16:00-20:30; fri 09:00-13:00');
    expect(week?.[0]).toEqual([span('09:00', '13:00'), span('16:00', '20:30')]);
    expect(week?.[4]).toEqual(week?.[0]);
    expect(week?.[5]).toEqual([span('09:00', '13:00')]);
    expect(week?.[6]).toEqual([]);
  });

  it('takes hours without days for every day', () => {
    expect(weekOf('09:00-24:00')).toEqual(Array.from({ length: 7 }, () => [span('09:00', '24:00')]));
  });

  it('reads days over the end of the week, and in Hebrew', () => {
    const week = weekOf({ 'fri-sun': '10:00-12:00', שלישי: ['08:00-09:00'] });
    expect(week?.map((spans) => spans.length)).toEqual([1, 0, 1, 0, 0, 1, 1]);
  });

  it('does not guess', () => {
    expect(weekOf('someday 09:00-10:00')).toBeNull();
    expect(weekOf('sun 10:00-09:00')).toBeNull();
    expect(weekOf('sun 09:00-25:00')).toBeNull();
    expect(weekOf({ 'sun-mon-tue': '09:00-10:00' })).toBeNull();
  });
});

describe('windowsOf', () => {
  it('says what weekOf reads', () => {
    const windows = { 'sun-thu': ['09:00-13:00', '16:00-20:30'], fri: ['09:00-13:00'] };
    expect(windowsOf(weekOf(windows) ?? [])).toEqual(windows);
  });
});

describe('faultOf', () => {
  const week = (...spans: { from: string; to: string }[]) => [spans, [], [], [], [], [], []];
  it('finds what the service would refuse', () => {
    expect(faultOf(week())).toBe('closed');
    expect(faultOf(week(span('09:00', '09:00')))).toEqual({ day: 0, fault: 'order' });
    expect(faultOf(week(span('', '09:00')))).toEqual({ day: 0, fault: 'time' });
    expect(faultOf(week(span('12:00', '15:00'), span('09:00', '12:30')))).toEqual({
      day: 0,
      fault: 'overlap',
    });
  });
  it('finds nothing wrong with spans that touch', () => {
    expect(faultOf(week(span('09:00', '12:00'), span('12:00', '24:00')))).toBeNull();
  });
});
