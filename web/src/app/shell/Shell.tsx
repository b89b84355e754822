import { Box, Toolbar } from '@mui/material';
import { Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, ScrollRestoration, useLocation, useMatches } from 'react-router-dom';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { roleReaches, useMe } from '@/lib/api/useMe';
import type { RouteHandle } from '../router';
import { RefusedPage } from '../StatusPages';
import { LiveBanner } from './LiveBanner';
import { Navigation, NAVIGATION_PX } from './Navigation';
import { SkipLink } from './SkipLink';
import { TopBar } from './TopBar';

const MAIN = 'main';

function useAllowed(): boolean {
  const { role } = useMe();
  return useMatches().every((match) => {
    const least = (match.handle as RouteHandle | undefined)?.role;
    return !least || roleReaches(role, least);
  });
}

/** After going to another page the keyboard goes on in it, not in the navigation. */
function useFocusOnMove(main: React.RefObject<HTMLElement>) {
  const { pathname } = useLocation();
  const first = useRef(pathname);
  useEffect(() => {
    if (first.current === pathname) return;
    first.current = '';
    main.current?.focus({ preventScroll: true });
  }, [pathname, main]);
}

/** What is around every page: bar, navigation, and the page's landmark. */
export function Component() {
  const { t } = useTranslation('shell');
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const allowed = useAllowed();
  useFocusOnMove(main);
  return (
    <Box sx={{ display: 'flex', minHeight: '100dvh' }}>
      <SkipLink to={MAIN}>{t('skip')}</SkipLink>
      <TopBar onMenu={() => setOpen(true)} />
      <Navigation open={open} onClose={() => setOpen(false)} />
      <Box sx={{ flex: 1, minWidth: 0, width: { md: `calc(100% - ${NAVIGATION_PX}px)` } }}>
        <Toolbar />
        <LiveBanner />
        <Box
          component="main"
          id={MAIN}
          ref={main}
          tabIndex={-1}
          sx={{
            maxWidth: 1280,
            mx: 'auto',
            px: { xs: 2, sm: 4 },
            py: { xs: 3, sm: 4 },
            outline: 'none',
          }}
        >
          <Suspense fallback={<LoadingSkeleton kind="page" />}>
            {allowed ? <Outlet /> : <RefusedPage />}
          </Suspense>
        </Box>
      </Box>
      <ScrollRestoration />
    </Box>
  );
}
