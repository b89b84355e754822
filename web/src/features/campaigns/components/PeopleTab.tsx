import { MenuItem, Stack, TextField } from '@mui/material';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Column } from '@/components/DataTable';
import { DataTable } from '@/components/DataTable';
import { EmptyState } from '@/components/EmptyState';
import { Ltr } from '@/components/Ltr';
import { QueryView } from '@/components/QueryView';
import type { StatusTone } from '@/components/StatusChip';
import { StatusChip } from '@/components/StatusChip';
import { useFormat } from '@/lib/i18n/format';
import type { Person, PersonState } from '../api/details';
import { usePeople } from '../api/details';
import { WhyForm } from './WhyForm';

const STATES: PersonState[] = [
  'waiting',
  'claimed',
  'reached',
  'exhausted',
  'refused',
  'blacklisted',
  'removed',
];
const TONES: Record<PersonState, StatusTone> = {
  waiting: 'neutral',
  claimed: 'info',
  reached: 'success',
  exhausted: 'warning',
  refused: 'error',
  blacklisted: 'neutral',
  removed: 'neutral',
};

/** The campaign's people and what became of them; and the question why one is not called. */
export function PeopleTab({ id, live }: { id: number; live: boolean }) {
  const { t } = useTranslation(['campaigns', 'terms']);
  const [state, setState] = useState<PersonState | ''>('');
  const people = usePeople(id, state || undefined, live);
  const columns = useColumns();
  return (
    <Stack spacing={3}>
      <WhyForm id={id} />
      <div>
        <TextField
          select
          size="small"
          label={t('field.state')}
          value={state}
          onChange={(event) => setState(STATES.find((one) => one === event.target.value) ?? '')}
          sx={{ minWidth: 220, mb: 2 }}
          slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}
        >
          <MenuItem value="">{t('people.anyState')}</MenuItem>
          {STATES.map((one) => (
            <MenuItem key={one} value={one}>
              {t(`terms:person.${one}`)}
            </MenuItem>
          ))}
        </TextField>
        <QueryView query={people}>
          {() =>
            people.items.length === 0 ? (
              <EmptyState
                title={t('people.emptyTitle')}
                text={t(state ? 'people.emptyFiltered' : 'people.emptyText')}
              />
            ) : (
              <DataTable
                label={t('people.title')}
                columns={columns}
                rows={people.items}
                rowKey={(person) => person.contact_id}
                hasMore={people.hasNextPage}
                loadingMore={people.isFetchingNextPage}
                onMore={() => void people.fetchNextPage()}
              />
            )
          }
        </QueryView>
      </div>
    </Stack>
  );
}

function useColumns(): Column<Person>[] {
  const { t } = useTranslation(['campaigns', 'terms']);
  const format = useFormat();
  return [
    { key: 'number', header: t('people.number'), cell: (person) => <Ltr>{person.number}</Ltr> },
    {
      key: 'state',
      header: t('field.state'),
      cell: (person) => <StatusChip label={t(`terms:person.${person.state}`)} tone={TONES[person.state]} />,
    },
    {
      key: 'attempts',
      header: t('people.attempts'),
      cell: (person) => format.number(person.attempts),
      numeric: true,
      from: 'sm',
      width: '7rem',
    },
    {
      key: 'outcome',
      header: t('people.lastOutcome'),
      cell: (person) => (person.last_outcome ? t(`terms:outcome.${person.last_outcome}`) : '–'),
      from: 'sm',
    },
    {
      key: 'due',
      header: t('people.due'),
      cell: (person) => (person.due ? format.dateTime(person.due) : '–'),
      from: 'md',
    },
    {
      key: 'zone',
      header: t('people.zone'),
      cell: (person) => <Ltr>{person.time_zone}</Ltr>,
      from: 'lg',
    },
  ];
}
