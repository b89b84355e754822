import EditOutlined from '@mui/icons-material/EditOutlined';
import TheaterComedy from '@mui/icons-material/TheaterComedyOutlined';
import { Button } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router-dom';
import type { CampaignAction } from '../api/actions';
import { actionsOf, canEdit } from '../api/actions';
import type { Campaign } from '../api/campaigns';
import { ActionDialog } from './ActionDialog';
import { ACTION_ICONS, CampaignMenu } from './CampaignMenu';

const MAIN: CampaignAction[] = ['start', 'resume', 'pause', 'unschedule'];

/** The buttons of a campaign's page: the likeliest thing is the filled one. */
export function CampaignActions({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation('campaigns');
  const navigate = useNavigate();
  const [asked, setAsked] = useState<CampaignAction | null>(null);
  const [likeliest] = actionsOf(campaign);
  const main = likeliest && MAIN.includes(likeliest) ? likeliest : null;
  const Icon = main ? ACTION_ICONS[main] : null;
  const leave = () => {
    navigate('/campaigns');
  };
  return (
    <>
      {canEdit(campaign) ? (
        // On a phone it is in the menu alone.
        <Button
          component={Link}
          to={`/campaigns/${campaign.id}/edit`}
          startIcon={<EditOutlined />}
          sx={{ display: { xs: 'none', sm: 'inline-flex' } }}
        >
          {t('action.edit')}
        </Button>
      ) : null}
      <Button
        component={Link}
        to={`/campaigns/${campaign.id}/rehearsal`}
        variant="outlined"
        startIcon={<TheaterComedy />}
      >
        {t('action.rehearse')}
      </Button>
      {main && Icon ? (
        <Button
          variant="contained"
          color={main === 'pause' ? 'warning' : 'primary'}
          startIcon={<Icon />}
          onClick={() => setAsked(main)}
        >
          {t(`action.${main}`)}
        </Button>
      ) : null}
      <CampaignMenu campaign={campaign} without={main ? [main] : []} onRemoved={leave} />
      {asked ? <ActionDialog campaign={campaign} action={asked} onClose={() => setAsked(null)} /> : null}
    </>
  );
}
