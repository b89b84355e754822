import { Box, Typography } from '@mui/material';

/** The product's sign and name; the name is not translated. */
export function Logo() {
  return (
    <Box sx={{ display: 'inline-flex', gap: 1.25, alignItems: 'center' }}>
      <Box component="img" src="/icon.svg" alt="" width={30} height={30} />
      <Typography
        component="span"
        translate="no"
        sx={{ fontWeight: 700, fontSize: '1.2rem', letterSpacing: '-0.01em' }}
      >
        Kolcast
      </Typography>
    </Box>
  );
}
