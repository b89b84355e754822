import createCache from '@emotion/cache';
import { CacheProvider } from '@emotion/react';
import { CssBaseline, ThemeProvider, useMediaQuery } from '@mui/material';
import rtlPlugin from '@mui/stylis-plugin-rtl';
import { prefixer } from 'stylis';
import type { ReactNode } from 'react';
import { useLayoutEffect, useMemo } from 'react';
import { directionOf } from '@/lib/state/interface';
import { useAppSelector } from '@/lib/state/store';
import { makeTheme } from './theme';

// One cache for each direction: changing the language swaps them, nothing is loaded anew.
const caches = {
  ltr: createCache({ key: 'kc' }),
  rtl: createCache({ key: 'kcr', stylisPlugins: [prefixer, rtlPlugin] }),
};

/** Direction, language, theme and colours for everything inside. */
export function Look({ children }: { children: ReactNode }) {
  const { language, colourMode } = useAppSelector((state) => state.interface);
  const deviceDark = useMediaQuery('(prefers-color-scheme: dark)', { noSsr: true });
  const mode = colourMode === 'system' ? (deviceDark ? 'dark' : 'light') : colourMode;
  const direction = directionOf(language);
  const still = useMediaQuery('(prefers-reduced-motion: reduce)', { noSsr: true });
  const theme = useMemo(() => makeTheme(language, mode, still), [language, mode, still]);
  useLayoutEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = direction;
    document.documentElement.style.colorScheme = mode;
  }, [language, direction, mode]);
  return (
    <CacheProvider value={caches[direction]}>
      <ThemeProvider theme={theme}>
        <CssBaseline />
        {children}
      </ThemeProvider>
    </CacheProvider>
  );
}
