import type { CampaignItem, CampaignState } from './campaigns';

export type CampaignAction = 'start' | 'resume' | 'pause' | 'unschedule' | 'duplicate' | 'cancel' | 'delete';

/** What may be asked of a campaign in this state, as the service's own rules have it: the likeliest
 * first. Finished campaigns can start again, for people who came to their list since. */
const BY_STATE: Record<CampaignState, CampaignAction[]> = {
  draft: ['start', 'duplicate', 'delete'],
  scheduled: ['unschedule', 'duplicate', 'cancel'],
  running: ['pause', 'duplicate', 'cancel'],
  paused: ['resume', 'duplicate', 'cancel', 'delete'],
  completed: ['duplicate', 'start', 'delete'],
  cancelled: ['duplicate', 'delete'],
  failed: ['start', 'duplicate', 'cancel', 'delete'],
};

type Subject = Pick<CampaignItem, 'state' | 'flow_id'>;

export function actionsOf(campaign: Subject): CampaignAction[] {
  const actions = BY_STATE[campaign.state];
  // What `kolcast run` made of a file has no flow here that a copy could refer to.
  return campaign.flow_id === null ? actions.filter((action) => action !== 'duplicate') : actions;
}

/** Only a draft can be changed, and only one that was made here. */
export function canEdit(campaign: Subject): boolean {
  return campaign.state === 'draft' && campaign.flow_id !== null;
}
