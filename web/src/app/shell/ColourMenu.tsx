import Check from '@mui/icons-material/Check';
import TuneOutlined from '@mui/icons-material/TuneOutlined';
import {
  Divider,
  IconButton,
  ListItemIcon,
  ListItemText,
  ListSubheader,
  Menu,
  MenuItem,
  Tooltip,
} from '@mui/material';
import { useTranslation } from 'react-i18next';
import { colourModeChosen, densityChosen } from '@/lib/state/interface';
import { useAppDispatch, useAppSelector } from '@/lib/state/store';
import { useMenu } from './useMenu';

const COLOURS = ['system', 'light', 'dark'] as const;
const DENSITIES = ['comfortable', 'compact'] as const;

/** Colours and density: of this browser, not of the account. */
export function ColourMenu() {
  const { t } = useTranslation('shell');
  const dispatch = useAppDispatch();
  const { colourMode, density } = useAppSelector((state) => state.interface);
  const { button, menu, close } = useMenu();
  const item = (label: string, selected: boolean, choose: () => void) => (
    <MenuItem
      key={label}
      role="menuitemradio"
      aria-checked={selected}
      onClick={() => {
        choose();
        close();
      }}
    >
      <ListItemIcon>{selected ? <Check fontSize="small" /> : null}</ListItemIcon>
      <ListItemText>{label}</ListItemText>
    </MenuItem>
  );
  return (
    <>
      <Tooltip title={t('appearance')}>
        <IconButton color="inherit" aria-label={t('appearance')} {...button}>
          <TuneOutlined />
        </IconButton>
      </Tooltip>
      <Menu {...menu}>
        <ListSubheader role="presentation">{t('colours.label')}</ListSubheader>
        {COLOURS.map((mode) =>
          item(t(`colours.${mode}`), mode === colourMode, () => dispatch(colourModeChosen(mode))),
        )}
        <Divider role="separator" />
        <ListSubheader role="presentation">{t('density.label')}</ListSubheader>
        {DENSITIES.map((one) =>
          item(t(`density.${one}`), one === density, () => dispatch(densityChosen(one))),
        )}
      </Menu>
    </>
  );
}
