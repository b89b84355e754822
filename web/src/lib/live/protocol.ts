/* What goes over /api/live: figures each second, events as they happen, word of a gap. */
import type { Schema } from '@/lib/api/client';

export type Topic =
  | 'metrics'
  | 'campaigns'
  | 'calls'
  | 'blacklist'
  | 'imports'
  | 'reports'
  | 'alerts'
  | `campaigns:${number}`
  | `calls:${number}`;

interface Event {
  seq: number;
  at: string;
  campaign_id?: number;
  contact_id?: number;
  call_id?: number;
  number?: string;
}

/** What only GET /api/campaigns/{id}/progress tells. */
type NotLive = 'finish' | 'next_open' | 'pace_reason' | 'talk_seconds' | 'cost';
type CallEventType = 'call.started' | 'call.ringing' | 'call.answered' | 'call.key' | 'call.ended';

export type LiveMessage =
  | (Schema<'Metrics'> & { type: 'metrics' })
  | (Omit<Schema<'Progress'>, NotLive> & { type: 'campaign.progress'; campaign_id: number })
  | (Event & {
      type: CallEventType;
      trunk?: string;
      key?: string;
      outcome?: Schema<'Outcome'>;
      sip_status?: number;
      talk_seconds?: number;
      reason?: string;
    })
  | (Event & { type: 'text.queued'; node?: string })
  | (Event & { type: 'contact.opted_out'; list?: string; source?: string })
  | (Event & { type: 'campaign.state'; state: Schema<'CampaignState'>; reason?: string })
  | (Event & { type: 'campaign.pace'; from_cps: number; to_cps: number; reason?: string })
  | (Event & {
      type: 'import.progress';
      import_id: number;
      state: string;
      rows: number;
      accepted: number;
      rejected: number;
      total?: number;
    })
  | (Event & { type: 'report.ready'; report_id: number; kind?: string })
  | (Event & {
      type: 'alert.raised' | 'alert.cleared';
      indicator: string;
      object?: string;
      value: number;
      threshold: number;
      text?: string;
    })
  /** Events were missed: read anew what was made of them. */
  | { type: 'gap'; missed: number };

/** What the connection itself hears. */
export type ControlMessage = { type: 'subscribed'; seq: number } | { type: 'error'; detail: string };

function topicOf(type: LiveMessage['type']): string {
  if (type === 'metrics') return 'metrics';
  if (type === 'contact.opted_out') return 'blacklist';
  if (type.startsWith('campaign.')) return 'campaigns';
  if (type.startsWith('import.')) return 'imports';
  if (type.startsWith('report.')) return 'reports';
  if (type.startsWith('alert.')) return 'alerts';
  return 'calls';
}

/** Is this message one of that topic? A gap is everybody's business. */
export function belongs(message: LiveMessage, topic: Topic): boolean {
  if (message.type === 'gap') return true;
  const [name, id] = topic.split(':');
  if (topicOf(message.type) !== name) return false;
  return id === undefined || ('campaign_id' in message && message.campaign_id === Number(id));
}
