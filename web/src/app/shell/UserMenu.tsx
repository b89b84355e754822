import Logout from '@mui/icons-material/Logout';
import PersonOutlined from '@mui/icons-material/PersonOutlined';
import {
  Avatar,
  Divider,
  IconButton,
  ListItemIcon,
  ListItemText,
  ListSubheader,
  Menu,
  MenuItem,
  Typography,
} from '@mui/material';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import { Ltr } from '@/components/Ltr';
import { api } from '@/lib/api/client';
import { ApiProblem } from '@/lib/api/problem';
import { leaveSession } from '@/lib/api/session';
import { useMe } from '@/lib/api/useMe';
import { useNotice } from '@/lib/state/useNotice';
import { useMenu } from './useMenu';

export function UserMenu() {
  const { t } = useTranslation(['shell', 'common']);
  const me = useMe();
  const notice = useNotice();
  const { button, menu, close } = useMenu();
  const signOut = useMutation({
    mutationFn: () => api.DELETE('/api/session'),
    onSuccess: leaveSession,
    onError: (error) => {
      // Signed out already is signed out.
      if (error instanceof ApiProblem && error.status === 401) leaveSession();
      else notice.failed(t('common:problem.offline'));
    },
  });
  return (
    <>
      <IconButton edge="end" aria-label={t('user.menu', { name: me.name })} {...button}>
        <Avatar
          aria-hidden
          sx={{
            width: 34,
            height: 34,
            fontSize: '1rem',
            bgcolor: 'primary.main',
            color: 'primary.contrastText',
          }}
        >
          {String.fromCodePoint(me.name.trim().codePointAt(0) ?? 0x3f).toUpperCase()}
        </Avatar>
      </IconButton>
      <Menu {...menu}>
        <ListSubheader role="presentation" sx={{ lineHeight: 'inherit', py: 1, maxWidth: 280 }}>
          <Typography color="text.primary" sx={{ fontWeight: 600 }}>
            {me.name}
          </Typography>
          <Typography variant="body2" color="text.secondary" noWrap>
            <Ltr>{me.email}</Ltr>
          </Typography>
          <Typography variant="body2" color="text.secondary">
            {t(`common:role.${me.role}`)}
          </Typography>
        </ListSubheader>
        <Divider role="separator" />
        <MenuItem component={Link} to="/account" onClick={close}>
          <ListItemIcon>
            <PersonOutlined fontSize="small" />
          </ListItemIcon>
          <ListItemText>{t('user.account')}</ListItemText>
        </MenuItem>
        <MenuItem onClick={() => signOut.mutate()} disabled={signOut.isPending}>
          <ListItemIcon>
            <Logout fontSize="small" />
          </ListItemIcon>
          <ListItemText>{t('user.signOut')}</ListItemText>
        </MenuItem>
      </Menu>
    </>
  );
}
