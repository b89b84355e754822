import {
  Box,
  Drawer,
  List,
  ListItem,
  ListItemButton,
  ListItemIcon,
  ListItemText,
  Toolbar,
  Typography,
} from '@mui/material';
import { Fragment, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink } from 'react-router-dom';
import { roleReaches, useMe } from '@/lib/api/useMe';
import { PAGES } from '../pages';

export const NAVIGATION_PX = 248;
const GROUPS = ['work', 'results', 'system'] as const;

interface Props {
  open: boolean;
  onClose: () => void;
}

/** Pages by group, those that the role may see. A drawer on phones, always there on wide screens. */
export function Navigation({ open, onClose }: Props) {
  const { t } = useTranslation('shell');
  const paper = { width: NAVIGATION_PX, boxSizing: 'border-box' };
  return (
    <Box component="nav" aria-label={t('navigation')} sx={{ width: { md: NAVIGATION_PX }, flexShrink: 0 }}>
      <Drawer
        variant="temporary"
        open={open}
        onClose={onClose}
        sx={{ display: { md: 'none' }, '& .MuiDrawer-paper': paper }}
        slotProps={{ paper: { 'aria-label': t('navigation') } }}
      >
        <Pages onMove={onClose} />
      </Drawer>
      <Drawer variant="permanent" sx={{ display: { xs: 'none', md: 'block' }, '& .MuiDrawer-paper': paper }}>
        <Pages />
      </Drawer>
    </Box>
  );
}

function Pages({ onMove }: { onMove?: () => void }) {
  const { t } = useTranslation('shell');
  const { role } = useMe();
  const id = useId();
  const pages = PAGES.filter((page) => roleReaches(role, page.role));
  return (
    <>
      <Toolbar />
      <Box sx={{ overflowY: 'auto', px: 1.5, pb: 2 }}>
        {GROUPS.map((group) => {
          const mine = pages.filter((page) => page.group === group);
          if (mine.length === 0) return null;
          return (
            <Fragment key={group}>
              <Typography
                id={`${id}-${group}`}
                variant="body2"
                color="text.secondary"
                sx={{ px: 2, pt: 2, fontWeight: 500 }}
              >
                {t(`group.${group}`)}
              </Typography>
              <List dense aria-labelledby={`${id}-${group}`}>
                {mine.map((page) => (
                  <ListItem key={page.name} disablePadding>
                    <ListItemButton component={NavLink} to={page.path} onClick={onMove} sx={ITEM}>
                      <ListItemIcon sx={{ minWidth: 38, color: 'inherit' }}>
                        <page.icon />
                      </ListItemIcon>
                      <ListItemText
                        primary={t(`page.${page.name}`)}
                        slotProps={{ primary: { fontWeight: 'inherit' } }}
                      />
                    </ListItemButton>
                  </ListItem>
                ))}
              </List>
            </Fragment>
          );
        })}
      </Box>
    </>
  );
}

const ITEM = {
  borderRadius: 2,
  minHeight: 42,
  '&.active': { bgcolor: 'action.selected', color: 'primary.main', fontWeight: 650 },
};
