import PeopleOutline from '@mui/icons-material/PeopleOutline';
import { Alert, Stack } from '@mui/material';
import { useQuery } from '@tanstack/react-query';
import type { Control } from 'react-hook-form';
import { useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '@/components/EmptyState';
import { FormAutocomplete } from '@/components/form/FormAutocomplete';
import { QueryView } from '@/components/QueryView';
import { useFormat } from '@/lib/i18n/format';
import { listsQuery } from '../../api/references';
import type { Values } from '../../api/wizard';

/** Whom it calls: a list. */
export function PeopleStep({ control }: { control: Control<Values> }) {
  const { t } = useTranslation('campaigns');
  const format = useFormat();
  const lists = useQuery(listsQuery);
  const chosen = useWatch({ control, name: 'list_id' });
  return (
    <QueryView query={lists}>
      {({ items }) =>
        items.length === 0 ? (
          <EmptyState
            icon={<PeopleOutline />}
            title={t('wizard.noListTitle')}
            text={t('wizard.noListText')}
          />
        ) : (
          <Stack spacing={3}>
            <FormAutocomplete
              control={control}
              name="list_id"
              label={t('wizard.list')}
              hint={t('wizard.listHint')}
              choices={items.map((list) => ({
                value: String(list.id),
                label: `${list.name} (${t('content.contacts', { count: list.contacts, number: format.number(list.contacts) })})`,
              }))}
            />
            {items.some((list) => String(list.id) === chosen && list.contacts === 0) ? (
              <Alert severity="warning">{t('wizard.listEmpty')}</Alert>
            ) : null}
          </Stack>
        )
      }
    </QueryView>
  );
}
