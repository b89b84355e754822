import Menu from '@mui/icons-material/Menu';
import { AppBar, Box, IconButton, Toolbar } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { LanguageButton } from '@/components/LanguageButton';
import { Logo } from '@/components/Logo';
import { ColourMenu } from './ColourMenu';
import { UserMenu } from './UserMenu';

export function TopBar({ onMenu }: { onMenu: () => void }) {
  const { t } = useTranslation('shell');
  return (
    <AppBar
      position="fixed"
      color="inherit"
      elevation={0}
      sx={{ borderBottom: 1, borderColor: 'divider', zIndex: (theme) => theme.zIndex.drawer + 1 }}
    >
      <Toolbar sx={{ gap: 1 }}>
        <IconButton
          edge="start"
          aria-label={t('openNavigation')}
          onClick={onMenu}
          sx={{ display: { md: 'none' } }}
        >
          <Menu />
        </IconButton>
        <Logo />
        <Box sx={{ flex: 1 }} />
        <LanguageButton />
        <ColourMenu />
        <UserMenu />
      </Toolbar>
    </AppBar>
  );
}
