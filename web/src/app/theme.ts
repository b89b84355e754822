import { createTheme } from '@mui/material/styles';
import type { Theme } from '@mui/material/styles';
import { heIL } from '@mui/material/locale';
import type { Language } from '@/lib/state/interface';
import { directionOf } from '@/lib/state/interface';

const FONT = '"Heebo Variable", system-ui, sans-serif';

const light = {
  mode: 'light',
  primary: { main: '#17605c', dark: '#0f4744', light: '#3b807b', contrastText: '#fff' },
  background: { default: '#f6f7f5', paper: '#ffffff' },
  text: { primary: '#1c2423', secondary: '#55615f' },
  divider: '#dfe4e2',
  success: { main: '#2a7a3d' },
  warning: { main: '#9a5b00' },
  error: { main: '#b3261e' },
  info: { main: '#1f62a8' },
} as const;

const dark = {
  mode: 'dark',
  primary: { main: '#7fcfc6', dark: '#58b0a6', light: '#a6e3dc', contrastText: '#06302d' },
  background: { default: '#121716', paper: '#1a2120' },
  text: { primary: '#e8eeec', secondary: '#a9b6b3' },
  divider: '#303a38',
  success: { main: '#7ccf8c' },
  warning: { main: '#f0b35a' },
  error: { main: '#f2867c' },
  info: { main: '#86baf0' },
} as const;

// For those who asked their device for less motion.
const STILL = {
  create: () => 'none',
  duration: {
    shortest: 0,
    shorter: 0,
    short: 0,
    standard: 0,
    complex: 0,
    enteringScreen: 0,
    leavingScreen: 0,
  },
};

/** The looks: one accent, roomy, quiet lines instead of shadows. still: nothing moves. */
export function makeTheme(language: Language, mode: 'light' | 'dark', still: boolean): Theme {
  const palette = mode === 'dark' ? dark : light;
  return createTheme(
    {
      direction: directionOf(language),
      palette,
      transitions: still ? STILL : {},
      shape: { borderRadius: 10 },
      typography: {
        fontFamily: FONT,
        h1: { fontSize: '1.75rem', fontWeight: 650, lineHeight: 1.25 },
        h2: { fontSize: '1.25rem', fontWeight: 600, lineHeight: 1.35 },
        h3: { fontSize: '1.05rem', fontWeight: 600, lineHeight: 1.4 },
        button: { textTransform: 'none', fontWeight: 600 },
      },
      components: {
        MuiCssBaseline: {
          styleOverrides: {
            ':focus-visible': { outline: `3px solid ${palette.primary.main}`, outlineOffset: 2 },
            '@media (prefers-reduced-motion: reduce)': {
              '*, *::before, *::after': {
                animationDuration: '0.01ms !important',
                animationIterationCount: '1 !important',
                transitionDuration: '0.01ms !important',
                scrollBehavior: 'auto !important',
              },
            },
          },
        },
        MuiButtonBase: {
          defaultProps: { disableRipple: true },
          styleOverrides: {
            root: {
              '&:focus-visible': {
                outline: `3px solid ${palette.primary.main}`,
                outlineOffset: 2,
              },
            },
          },
        },
        MuiButton: {
          defaultProps: { disableElevation: true },
          styleOverrides: { root: { minHeight: 40 } },
        },
        MuiPaper: {
          defaultProps: { elevation: 0 },
          styleOverrides: { root: { backgroundImage: 'none' } },
        },
        MuiLink: { defaultProps: { underline: 'always' } },
        MuiTableCell: {
          styleOverrides: { head: { color: palette.text.secondary, fontWeight: 600 } },
        },
        MuiTooltip: { defaultProps: { arrow: true } },
      },
    },
    language === 'he' ? heIL : {},
  );
}
