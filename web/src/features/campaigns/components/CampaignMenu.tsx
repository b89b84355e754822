import BlockOutlined from '@mui/icons-material/BlockOutlined';
import ContentCopy from '@mui/icons-material/ContentCopy';
import DeleteOutline from '@mui/icons-material/DeleteOutline';
import EditOutlined from '@mui/icons-material/EditOutlined';
import EventBusyOutlined from '@mui/icons-material/EventBusyOutlined';
import MoreVert from '@mui/icons-material/MoreVert';
import Pause from '@mui/icons-material/Pause';
import PlayArrow from '@mui/icons-material/PlayArrow';
import TheaterComedy from '@mui/icons-material/TheaterComedyOutlined';
import type { SvgIconComponent } from '@mui/icons-material';
import { IconButton, ListItemIcon, ListItemText, Menu, MenuItem } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import type { CampaignAction } from '../api/actions';
import { actionsOf, canEdit } from '../api/actions';
import type { ActionSubject } from './ActionDialog';
import { ActionDialog } from './ActionDialog';

export const ACTION_ICONS: Record<CampaignAction, SvgIconComponent> = {
  start: PlayArrow,
  resume: PlayArrow,
  pause: Pause,
  unschedule: EventBusyOutlined,
  duplicate: ContentCopy,
  cancel: BlockOutlined,
  delete: DeleteOutline,
};

interface Props {
  campaign: ActionSubject & { flow_id: number | null };
  /** Actions that have buttons of their own beside the menu. */
  without?: CampaignAction[];
  /** In a list the menu also leads to the rehearsal. */
  pages?: boolean;
  onRemoved?: () => void;
}

/** All that can be done with a campaign in its state. */
export function CampaignMenu({ campaign, without = [], pages = false, onRemoved }: Props) {
  const { t } = useTranslation('campaigns');
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [asked, setAsked] = useState<CampaignAction | null>(null);
  const actions = actionsOf(campaign).filter((action) => !without.includes(action));
  const ask = (action: CampaignAction) => {
    setAnchor(null);
    setAsked(action);
  };
  const close = () => setAnchor(null);
  return (
    <>
      <IconButton
        aria-label={t('menu', { name: campaign.name })}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <MoreVert />
      </IconButton>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close}>
        {canEdit(campaign) ? (
          <MenuItem component={Link} to={`/campaigns/${campaign.id}/edit`} onClick={close}>
            <Entry icon={EditOutlined} text={t('action.edit')} />
          </MenuItem>
        ) : null}
        {pages ? (
          <MenuItem component={Link} to={`/campaigns/${campaign.id}/rehearsal`} onClick={close}>
            <Entry icon={TheaterComedy} text={t('action.rehearse')} />
          </MenuItem>
        ) : null}
        {actions.map((action) => (
          <MenuItem key={action} onClick={() => ask(action)}>
            <Entry icon={ACTION_ICONS[action]} text={t(`action.${action}`)} />
          </MenuItem>
        ))}
      </Menu>
      {asked ? (
        <ActionDialog
          campaign={campaign}
          action={asked}
          onClose={() => setAsked(null)}
          onDone={asked === 'delete' ? onRemoved : undefined}
        />
      ) : null}
    </>
  );
}

function Entry({ icon: Icon, text }: { icon: SvgIconComponent; text: string }) {
  return (
    <>
      <ListItemIcon>
        <Icon fontSize="small" />
      </ListItemIcon>
      <ListItemText>{text}</ListItemText>
    </>
  );
}
