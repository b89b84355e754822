import { Box, Container, Paper, Typography } from '@mui/material';
import type { ReactNode } from 'react';
import { Suspense, useEffect } from 'react';
import { LanguageButton } from './LanguageButton';
import { LoadingSkeleton } from './LoadingSkeleton';
import { Logo } from './Logo';

interface Props {
  title: string;
  text?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

/** Pages outside the shell: sign-in, set-up. One card in the middle. */
export function AuthLayout({ title, text, wide = false, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Kolcast`;
  }, [title]);
  return (
    <Box sx={{ minHeight: '100dvh', display: 'flex', flexDirection: 'column' }}>
      <Box component="header" sx={{ display: 'flex', p: 2, alignItems: 'center' }}>
        <Logo />
        <Box sx={{ flex: 1 }} />
        <LanguageButton />
      </Box>
      <Container component="main" maxWidth={wide ? 'sm' : 'xs'} sx={{ flex: 1, py: { xs: 2, sm: 7 } }}>
        <Paper variant="outlined" sx={{ p: { xs: 3, sm: 4 } }}>
          <Typography variant="h1" sx={{ mb: text ? 1 : 3 }}>
            {title}
          </Typography>
          {text ? (
            <Typography color="text.secondary" sx={{ mb: 3 }}>
              {text}
            </Typography>
          ) : null}
          <Suspense fallback={<LoadingSkeleton kind="form" rows={2} />}>{children}</Suspense>
        </Paper>
      </Container>
    </Box>
  );
}
