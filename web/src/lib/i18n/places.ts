/* Countries, time zones and currencies by their names in the language that is shown. */
import { useMemo } from 'react';
import type { Language } from '@/lib/state/interface';
import { useAppSelector } from '@/lib/state/store';

export interface Place {
  value: string;
  label: string;
}

// Of the codes that ISO 3166 allows, those that Intl knows a name for.
function regionCodes(): string[] {
  const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  return letters.flatMap((a) => letters.map((b) => a + b));
}

// No countries: unions, made-up ones, whole world, unknown; and names that repeat another's.
const NO_COUNTRY = new Set([
  'EU',
  'EZ',
  'UN',
  'XA',
  'XB',
  'ZZ',
  'QO',
  'AC',
  'CP',
  'DG',
  'EA',
  'IC',
  'TA',
  'CQ',
]);

function makeRegions(language: Language): Place[] {
  const names = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });
  const seen = new Set<string>();
  const places: Place[] = [];
  for (const value of regionCodes()) {
    const name = NO_COUNTRY.has(value) ? undefined : names.of(value);
    if (!name || seen.has(name)) continue;
    seen.add(name);
    places.push({ value, label: name });
  }
  return places.sort((a, b) => a.label.localeCompare(b.label, language));
}

function makeCurrencies(language: Language): Place[] {
  const names = new Intl.DisplayNames(language, { type: 'currency' });
  return Intl.supportedValuesOf('currency')
    .map((value) => ({ value, label: `${names.of(value) ?? value} (${value})` }))
    .sort((a, b) => a.label.localeCompare(b.label, language));
}

function makeZones(): Place[] {
  return ['UTC', ...Intl.supportedValuesOf('timeZone')].map((value) => ({
    value,
    label: value.replace(/_/g, ' '),
  }));
}

/** For FormAutocomplete. */
export function usePlaces() {
  const language = useAppSelector((state) => state.interface.language);
  return useMemo(
    () => ({ regions: makeRegions(language), currencies: makeCurrencies(language), zones: makeZones() }),
    [language],
  );
}
