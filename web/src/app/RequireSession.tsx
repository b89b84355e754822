import { Box } from '@mui/material';
import { useEffect, useState } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router-dom';
import { ErrorState } from '@/components/ErrorState';
import { LoadingSkeleton } from '@/components/LoadingSkeleton';
import { sessionLeft } from '@/lib/api/session';
import { useMeQuery } from '@/lib/api/useMe';

/** Only with a session; without one to the sign-in, and back afterwards. */
export function RequireSession() {
  const { data: me, error, refetch } = useMeQuery();
  const location = useLocation();
  const [had, setHad] = useState(false);
  useEffect(() => {
    if (me) setHad(true);
  }, [me]);
  if (me) return <Outlet />;
  if (me === null) {
    const query = new URLSearchParams();
    const here = location.pathname + location.search;
    if (here !== '/' && !sessionLeft()) query.set('then', here);
    if (had && !sessionLeft()) query.set('expired', '1');
    return <Navigate to={`/sign-in?${query.toString()}`} replace />;
  }
  return (
    <Box component="main" sx={{ maxWidth: 720, mx: 'auto', p: 4 }}>
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <LoadingSkeleton kind="page" />}
    </Box>
  );
}
