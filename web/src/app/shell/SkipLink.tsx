import { Link } from '@mui/material';
import type { ReactNode } from 'react';

/** The first thing that the keyboard reaches: past the navigation. Seen when focused. */
export function SkipLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link
      href={`#${to}`}
      onClick={(event) => {
        event.preventDefault();
        document.getElementById(to)?.focus();
      }}
      sx={{
        position: 'fixed',
        top: 8,
        insetInlineStart: 8,
        zIndex: 'tooltip',
        px: 2,
        py: 1,
        bgcolor: 'background.paper',
        borderRadius: 1,
        transform: 'translateY(-200%)',
        '&:focus': { transform: 'none' },
      }}
    >
      {children}
    </Link>
  );
}
