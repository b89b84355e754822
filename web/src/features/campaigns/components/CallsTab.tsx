import { MenuItem, TextField } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/components/EmptyState';
import { QueryView } from '@/components/QueryView';
import { useCalls } from '../api/details';
import type { Outcome } from '../api/outcomes';
import { OUTCOMES } from '../api/outcomes';
import { CallsTable } from './CallsTable';

export function CallsTab({ id, live }: { id: number; live: boolean }) {
  const { t } = useTranslation(['campaigns', 'terms']);
  const [outcome, setOutcome] = useState<Outcome | ''>('');
  const calls = useCalls(id, outcome || undefined, live);
  return (
    <>
      <TextField
        select
        size="small"
        label={t('outcomes.outcome')}
        value={outcome}
        onChange={(event) => setOutcome(OUTCOMES.find((one) => one === event.target.value) ?? '')}
        sx={{ minWidth: 220, mb: 2 }}
        slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
      >
        <MenuItem value="">{t('outcomes.any')}</MenuItem>
        {OUTCOMES.map((one) => (
          <MenuItem key={one} value={one}>
            {t(`terms:outcome.${one}`)}
          </MenuItem>
        ))}
      </TextField>
      <QueryView query={calls}>
        {() =>
          calls.items.length === 0 ? (
            <EmptyState title={t('calls.emptyTitle')} text={t('calls.emptyText')} />
          ) : (
            <CallsTable
              calls={calls.items}
              hasMore={calls.hasNextPage}
              loadingMore={calls.isFetchingNextPage}
              onMore={() => void calls.fetchNextPage()}
            />
          )
        }
      </QueryView>
    </>
  );
}
