import { useTranslation } from 'react-i18next';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { Ltr } from '@/components/Ltr';
import type { StatusTone } from '@/components/StatusChip';
import { StatusChip } from '@/components/StatusChip';
import { useFormat } from '@/lib/i18n/format';
import type { Call } from '../api/details';
import type { Outcome } from '../api/outcomes';

interface Props {
  calls: Call[];
  hasMore?: boolean;
  loadingMore?: boolean;
  onMore?: () => void;
}

const TONES: Partial<Record<Outcome, StatusTone>> = {
  answered: 'success',
  machine: 'info',
  rejected: 'warning',
  invalid_number: 'error',
  congestion: 'error',
  failed: 'error',
};

/** Calls with their keys, newest first. */
export function CallsTable({ calls, ...more }: Props) {
  const { t } = useTranslation(['campaigns', 'terms']);
  const format = useFormat();
  const columns: Column<Call>[] = [
    {
      key: 'number',
      header: t('calls.who'),
      cell: (call) => (
        <>
          {call.name ? <div>{call.name}</div> : null}
          <Ltr>{call.number}</Ltr>
        </>
      ),
    },
    {
      key: 'outcome',
      header: t('outcomes.outcome'),
      cell: (call) => (
        <StatusChip label={t(`terms:outcome.${call.outcome}`)} tone={TONES[call.outcome] ?? 'neutral'} />
      ),
      width: '9.5rem',
    },
    {
      key: 'keys',
      header: t('calls.keys'),
      cell: (call) => (call.keys ? <Ltr>{call.keys}</Ltr> : t('calls.noKeys')),
      width: '4.5rem',
    },
    {
      key: 'talk',
      header: t('calls.talk'),
      cell: (call) =>
        call.talk_seconds > 0 ? t('calls.seconds', { count: Math.round(call.talk_seconds) }) : '–',
      from: 'sm',
      width: '8rem',
    },
    {
      key: 'at',
      header: t('calls.at'),
      cell: (call) => (call.dialled ? <Ltr>{format.time(call.dialled)}</Ltr> : '–'),
      from: 'md',
      width: '8rem',
    },
    {
      key: 'attempt',
      header: t('calls.attempt'),
      cell: (call) => format.number(call.attempt_no),
      from: 'lg',
      numeric: true,
      width: '6rem',
    },
    { key: 'trunk', header: t('calls.trunk'), cell: (call) => call.trunk, from: 'lg', width: '9rem' },
  ];
  return (
    <DataTable label={t('calls.title')} columns={columns} rows={calls} rowKey={(call) => call.id} {...more} />
  );
}
