import { Link } from '@mui/material';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useParams } from 'react-router-dom';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import { CONTACTS } from '../api/contacts';
import { isOver, useImport } from '../api/imports';
import { LISTS } from '../api/lists';
import { ImportResult } from '../components/ImportResult';

/** An upload's third step, and its place in the history. */
export function Component() {
  const { t } = useTranslation('people');
  const client = useQueryClient();
  const one = useImport(Number(useParams().id));
  const over = one.data !== undefined && isOver(one.data.state);
  useEffect(() => {
    if (!over) return;
    void client.invalidateQueries({ queryKey: LISTS });
    void client.invalidateQueries({ queryKey: CONTACTS });
  }, [over, client]);
  return (
    <>
      <PageHeader
        title={one.data?.file ?? t('imports')}
        above={
          <Link component={RouterLink} to={one.data ? `/people/${one.data.list_id}` : '/people'}>
            {t('title')}
          </Link>
        }
      />
      <QueryView query={one}>{(found) => <ImportResult one={found} />}</QueryView>
    </>
  );
}
