/* What this browser remembers of how its user likes the pages: language, colours, density. */
import type { PayloadAction } from '@reduxjs/toolkit';
import { createSlice } from '@reduxjs/toolkit';

export const LANGUAGES = ['en', 'he'] as const;
export type Language = (typeof LANGUAGES)[number];
export type ColourMode = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';

export interface InterfaceState {
  language: Language;
  colourMode: ColourMode;
  density: Density;
}

const PLACE = 'kolcast.interface';

export function directionOf(language: Language): 'ltr' | 'rtl' {
  return language === 'he' ? 'rtl' : 'ltr';
}

function pick<T extends string>(value: unknown, of: readonly T[], otherwise: T): T {
  return of.find((one) => one === value) ?? otherwise;
}

/** What was remembered, else what the browser prefers. */
export function rememberedInterface(storage: Storage, languages: readonly string[]): InterfaceState {
  let saved: Record<string, unknown> = {};
  try {
    saved = { ...(JSON.parse(storage.getItem(PLACE) ?? '{}') as object) };
  } catch {
    // Not ours, or storage is forbidden: as though nothing was there.
  }
  const preferred = languages
    .map((tag) => tag.slice(0, 2).replace('iw', 'he'))
    .find((tag) => LANGUAGES.some((one) => one === tag));
  return {
    language: pick(saved.language, LANGUAGES, pick(preferred, LANGUAGES, 'en')),
    colourMode: pick(saved.colourMode, ['system', 'light', 'dark'], 'system'),
    density: pick(saved.density, ['comfortable', 'compact'], 'comfortable'),
  };
}

export function rememberInterface(storage: Storage, state: InterfaceState): void {
  try {
    storage.setItem(PLACE, JSON.stringify(state));
  } catch {
    // Storage is full or forbidden: then it holds for this page only.
  }
}

const initialState: InterfaceState = { language: 'en', colourMode: 'system', density: 'comfortable' };

const slice = createSlice({
  name: 'interface',
  initialState,
  reducers: {
    languageChosen: (state, action: PayloadAction<Language>) => {
      state.language = action.payload;
    },
    colourModeChosen: (state, action: PayloadAction<ColourMode>) => {
      state.colourMode = action.payload;
    },
    densityChosen: (state, action: PayloadAction<Density>) => {
      state.density = action.payload;
    },
  },
});

export const { languageChosen, colourModeChosen, densityChosen } = slice.actions;
export const interfaceReducer = slice.reducer;
