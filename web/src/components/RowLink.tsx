import { Link, styled } from '@mui/material';

/** The link of a row; the whole row can be clicked. */
export const RowLink = styled(Link)({
  fontWeight: 600,
  textDecoration: 'none',
  color: 'inherit',
  '&::after': { content: '""', position: 'absolute', inset: 0 },
  '&:hover': { textDecoration: 'underline' },
}) as typeof Link;
