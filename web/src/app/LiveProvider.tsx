import type { ReactNode } from 'react';
import { useEffect, useMemo } from 'react';
import { renewSession } from '@/lib/api/session';
import { useMeQuery } from '@/lib/api/useMe';
import { LiveConnection } from '@/lib/live/connection';
import { LiveContext } from '@/lib/live/useLive';
import { liveChanged } from '@/lib/state/connection';
import { useAppDispatch } from '@/lib/state/store';

function address(): string {
  return `${window.location.protocol === 'https:' ? 'wss' : 'ws'}://${window.location.host}/api/live`;
}

/** The live connection, up while somebody is signed in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const dispatch = useAppDispatch();
  const { data: me } = useMeQuery();
  const user = me?.id;
  const connection = useMemo(
    () =>
      new LiveConnection({
        open: () => new WebSocket(address()),
        nextFrame: (run) => requestAnimationFrame(run),
        later: (run, ms) => setTimeout(run, ms),
        random: Math.random,
        onState: (state) => dispatch(liveChanged(state)),
        renew: renewSession,
      }),
    [dispatch],
  );
  useEffect(() => {
    if (user === undefined) return;
    connection.start();
    const hurry = () => connection.hurry();
    window.addEventListener('online', hurry);
    return () => {
      window.removeEventListener('online', hurry);
      connection.stop();
    };
  }, [connection, user]);
  return <LiveContext.Provider value={connection}>{children}</LiveContext.Provider>;
}
