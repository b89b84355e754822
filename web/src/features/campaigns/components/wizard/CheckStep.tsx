import PlayArrow from '@mui/icons-material/PlayArrow';
import TheaterComedy from '@mui/icons-material/TheaterComedyOutlined';
import { Button, Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router-dom';
import { QueryView } from '@/components/QueryView';
import type { Campaign } from '../../api/campaigns';
import { preflightQuery } from '../../api/details';
import { ActionDialog } from '../ActionDialog';
import { PreflightView } from '../PreflightView';

/** The saved draft in numbers; from here it is rehearsed, started, or left as it is. */
export function CheckStep({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation('campaigns');
  const navigate = useNavigate();
  const [asked, setAsked] = useState(false);
  const preflight = useQuery({ ...preflightQuery(campaign.id), staleTime: 0 });
  const page = `/campaigns/${campaign.id}`;
  return (
    <Stack spacing={3}>
      <QueryView query={preflight}>{(found) => <PreflightView preflight={found} />}</QueryView>
      <Stack direction="row" sx={{ flexWrap: 'wrap', gap: 1.5 }}>
        <Button component={Link} to={page}>
          {t('wizard.keepDraft')}
        </Button>
        <Button component={Link} to={`${page}/rehearsal`} variant="outlined" startIcon={<TheaterComedy />}>
          {t('action.rehearse')}
        </Button>
        <Button variant="contained" startIcon={<PlayArrow />} onClick={() => setAsked(true)}>
          {t('action.start')}
        </Button>
      </Stack>
      {asked ? (
        <ActionDialog
          campaign={campaign}
          action="start"
          onClose={() => setAsked(false)}
          onDone={() => {
            navigate(page);
          }}
        />
      ) : null}
    </Stack>
  );
}
