import { Box, Button, Link, Tab, Tabs } from '@mui/material';
import PersonAddAlt from '@mui/icons-material/PersonAddAlt1Outlined';
import UploadFileOutlined from '@mui/icons-material/UploadFileOutlined';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useNavigate, useParams } from 'react-router-dom';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { EmptyState } from '@/components/EmptyState';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import type { Tagged } from '@/lib/api/client';
import { newKey } from '@/lib/api/client';
import { useMay } from '@/lib/api/useMe';
import { useFormat } from '@/lib/i18n/format';
import { useNotice } from '@/lib/state/useNotice';
import { addContact, CONTACTS } from '../api/contacts';
import type { List } from '../api/lists';
import { LISTS, renameList, useDeleteList, useList } from '../api/lists';
import { ContactDialog } from '../components/ContactDialog';
import { ContactTable } from '../components/ContactTable';
import { ImportHistory } from '../components/ImportHistory';
import { ListDialog } from '../components/ListDialog';

export function Component() {
  const id = Number(useParams().id);
  const list = useList(id);
  return <QueryView query={list}>{(found) => <OneList key={id} list={found} />}</QueryView>;
}

type Asking = 'add' | 'rename' | 'delete' | null;

function OneList({ list: { value: list, etag } }: { list: Tagged<List> }) {
  const { t } = useTranslation('people');
  const mayChange = useMay('CampaignManager');
  const [asking, setAsking] = useState<Asking>(null);
  const [tab, setTab] = useState<'contacts' | 'imports'>('contacts');
  const close = () => setAsking(null);
  const upload = (
    <Button
      component={RouterLink}
      to={`/people/upload?list=${list.id}`}
      variant="contained"
      startIcon={<UploadFileOutlined aria-hidden />}
    >
      {t('upload')}
    </Button>
  );
  return (
    <>
      <PageHeader
        title={list.name}
        text={t('count', { count: list.contacts })}
        above={
          <Link component={RouterLink} to="/people">
            {t('title')}
          </Link>
        }
        actions={
          mayChange ? (
            <>
              <Button color="error" onClick={() => setAsking('delete')}>
                {t('deleteList')}
              </Button>
              <Button onClick={() => setAsking('rename')}>{t('rename')}</Button>
              <Button
                variant="outlined"
                startIcon={<PersonAddAlt aria-hidden />}
                onClick={() => setAsking('add')}
              >
                {t('add')}
              </Button>
              {upload}
            </>
          ) : null
        }
      />
      <Tabs value={tab} onChange={(_, to: typeof tab) => setTab(to)} aria-label={list.name} sx={{ mb: 2 }}>
        <Tab value="contacts" label={t('contacts')} id="tab-contacts" aria-controls="panel-contacts" />
        <Tab value="imports" label={t('imports')} id="tab-imports" aria-controls="panel-imports" />
      </Tabs>
      <Box role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === 'contacts' ? (
          <ContactTable
            listId={list.id}
            empty={
              <EmptyState
                title={t('empty.listTitle')}
                text={t('empty.listText')}
                action={mayChange ? upload : null}
              />
            }
          />
        ) : (
          <ImportHistory listId={list.id} />
        )}
      </Box>
      {asking === 'add' ? <AddPerson list={list} onClose={close} /> : null}
      {asking === 'rename' ? <Rename list={list} etag={etag} onClose={close} /> : null}
      <Delete list={list} open={asking === 'delete'} onClose={close} />
    </>
  );
}

function AddPerson({ list, onClose }: { list: List; onClose: () => void }) {
  const { t } = useTranslation('people');
  const client = useQueryClient();
  const notice = useNotice();
  const [key] = useState(newKey);
  return (
    <ContactDialog
      send={async (body) => {
        await addContact(list.id, body, key);
        await client.invalidateQueries({ queryKey: CONTACTS });
        await client.invalidateQueries({ queryKey: LISTS });
        notice.done(t('added'));
        onClose();
      }}
      onClose={onClose}
    />
  );
}

function Rename({ list, etag, onClose }: { list: List; etag: string; onClose: () => void }) {
  const { t } = useTranslation(['people', 'common']);
  const client = useQueryClient();
  const notice = useNotice();
  return (
    <ListDialog
      title={t('renameTitle')}
      confirm={t('common:action.save')}
      name={list.name}
      send={async (name) => {
        await renameList(list.id, name, etag);
        await client.invalidateQueries({ queryKey: LISTS });
        notice.done(t('listRenamed'));
        onClose();
      }}
      onClose={onClose}
    />
  );
}

function Delete({ list, open, onClose }: { list: List; open: boolean; onClose: () => void }) {
  const { t } = useTranslation(['people', 'common']);
  const format = useFormat();
  const navigate = useNavigate();
  const notice = useNotice();
  const remove = useDeleteList();
  const gone = () => {
    notice.done(t('listDeleted'));
    navigate('/people');
  };
  return (
    <ConfirmDialog
      open={open}
      title={t('deleteListTitle', { name: list.name })}
      text={t('deleteListText', { count: list.contacts, formatted: format.number(list.contacts) })}
      confirm={t('common:action.delete')}
      danger
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate(list.id, { onSuccess: gone })}
      onClose={onClose}
    />
  );
}
