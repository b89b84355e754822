import { Checkbox, FormControlLabel, Typography } from '@mui/material';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router-dom';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { newKey } from '@/lib/api/client';
import { useNotice } from '@/lib/state/useNotice';
import type { CampaignAction } from '../api/actions';
import type { CampaignState } from '../api/campaigns';
import { useCampaignChanges } from '../api/campaigns';
import { DuplicateDialog } from './DuplicateDialog';

/** What the dialog needs of a campaign; lists and single ones have it. */
export interface ActionSubject {
  id: number;
  name: string;
  state: CampaignState;
}

interface Props {
  campaign: ActionSubject;
  action: CampaignAction;
  onClose: () => void;
  /** It was done. */
  onDone?: () => void;
}

const DANGER = new Set<CampaignAction>(['cancel', 'delete']);

/** Asks before it is done, and does it once however often the button is clicked. */
export function ActionDialog({ campaign, action, onClose, onDone }: Props) {
  const navigate = useNavigate();
  if (action === 'duplicate')
    return (
      <DuplicateDialog
        campaign={campaign}
        onClose={onClose}
        onDone={(copy) => {
          navigate(`/campaigns/${copy.id}/edit`);
        }}
      />
    );
  return <Question campaign={campaign} action={action} onClose={onClose} onDone={onDone} />;
}

interface QuestionProps extends Props {
  action: Exclude<CampaignAction, 'duplicate'>;
}

function Question({ campaign, action, onClose, onDone }: QuestionProps) {
  const { t } = useTranslation(['campaigns', 'common']);
  const [hangUp, setHangUp] = useState(false);
  const run = useAction({ campaign, action, hangUp });
  const stopsCalls = campaign.state === 'running' && (action === 'pause' || action === 'cancel');
  const confirm = async () => {
    try {
      await run.mutateAsync();
    } catch {
      return; // The dialog shows run.error.
    }
    onClose();
    onDone?.();
  };
  return (
    <ConfirmDialog
      open
      title={t(`ask.${action}.title`, { name: campaign.name })}
      text={
        <>
          <Typography>{t(`ask.${action}.text`)}</Typography>
          {stopsCalls ? (
            <FormControlLabel
              sx={{ mt: 1.5 }}
              control={<Checkbox checked={hangUp} onChange={(_, on) => setHangUp(on)} />}
              label={t('ask.hangUp')}
            />
          ) : null}
        </>
      }
      confirm={t(`action.${action}`)}
      danger={DANGER.has(action)}
      busy={run.isPending}
      error={run.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    />
  );
}

function useAction({
  campaign,
  action,
  hangUp,
}: {
  campaign: ActionSubject;
  action: QuestionProps['action'];
  hangUp: boolean;
}) {
  const { t } = useTranslation('campaigns');
  const changes = useCampaignChanges();
  const notice = useNotice();
  const [key] = useState(newKey);
  const { id, name } = campaign;
  const back = () => {
    changes.resume(id, newKey()).then(
      () => notice.done(t('done.resume', { name })),
      () => notice.failed(t('done.notResumed', { name })),
    );
  };
  const runs: Record<QuestionProps['action'], () => Promise<unknown>> = {
    start: () => changes.start(id, key),
    resume: () => changes.resume(id, key),
    pause: () => changes.pause(id, hangUp),
    unschedule: () => changes.pause(id, false),
    cancel: () => changes.cancel(id, hangUp),
    delete: () => changes.remove(id),
  };
  return useMutation({
    mutationFn: () => runs[action](),
    onSuccess: () => notice.done(t(`done.${action}`, { name }), action === 'pause' ? back : undefined),
  });
}
