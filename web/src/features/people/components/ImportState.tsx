import { useTranslation } from 'react-i18next';
import type { StatusTone } from '@/components/StatusChip';
import { StatusChip } from '@/components/StatusChip';
import type { Import } from '../api/imports';
import { isOver } from '../api/imports';

const TONES: Record<Import['state'], StatusTone> = {
  queued: 'neutral',
  running: 'info',
  done: 'success',
  undone: 'neutral',
  failed: 'error',
  cancelled: 'warning',
};

export function ImportState({ state }: { state: Import['state'] }) {
  const { t } = useTranslation('people');
  return <StatusChip label={t(`importState.${state}`)} tone={TONES[state]} active={!isOver(state)} />;
}
