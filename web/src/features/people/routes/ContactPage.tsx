import { Alert, Button, Link, Paper, Stack, Typography } from '@mui/material';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink, useNavigate, useParams } from 'react-router-dom';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { Ltr } from '@/components/Ltr';
import { PageHeader } from '@/components/PageHeader';
import { QueryView } from '@/components/QueryView';
import type { Tagged } from '@/lib/api/client';
import { useMay } from '@/lib/api/useMe';
import { useNotice } from '@/lib/state/useNotice';
import type { Contact } from '../api/contacts';
import { changeContact, CONTACTS, removeContact, useBlacklisted, useContact } from '../api/contacts';
import { LISTS } from '../api/lists';
import { ContactDialog } from '../components/ContactDialog';
import { ContactFacts } from '../components/ContactFacts';
import { ContactHistory } from '../components/ContactHistory';

export function Component() {
  const id = Number(useParams().id);
  const contact = useContact(id);
  return <QueryView query={contact}>{(found) => <OneContact key={id} contact={found} />}</QueryView>;
}

function OneContact({ contact: { value: contact, etag } }: { contact: Tagged<Contact> }) {
  const { t } = useTranslation(['people', 'common']);
  const client = useQueryClient();
  const navigate = useNavigate();
  const notice = useNotice();
  const mayChange = useMay('CampaignManager');
  const blacklisted = useBlacklisted(contact.number);
  const [asking, setAsking] = useState<'edit' | 'remove' | null>(null);
  const [removing, setRemoving] = useState<{ busy: boolean; error: unknown }>({ busy: false, error: null });
  const remove = async () => {
    setRemoving({ busy: true, error: null });
    try {
      await removeContact(contact.id);
      await client.invalidateQueries({ queryKey: LISTS });
      notice.done(t('personRemoved'));
      navigate(`/people/${contact.list_id}`);
    } catch (error) {
      setRemoving({ busy: false, error });
    }
  };
  return (
    <>
      <PageHeader
        title={contact.name ?? contact.number}
        text={<Ltr>{contact.number}</Ltr>}
        above={
          <Link component={RouterLink} to={`/people/${contact.list_id}`}>
            {t('title')}
          </Link>
        }
        actions={
          mayChange ? (
            <>
              <Button color="error" onClick={() => setAsking('remove')}>
                {t('removePerson')}
              </Button>
              <Button variant="outlined" onClick={() => setAsking('edit')}>
                {t('common:action.edit')}
              </Button>
            </>
          ) : null
        }
      />
      <Stack spacing={4}>
        {blacklisted.data ? <Alert severity="warning">{t('onBlacklist')}</Alert> : null}
        <Paper variant="outlined" sx={{ p: 3 }}>
          <ContactFacts contact={contact} />
        </Paper>
        <section aria-labelledby="history">
          <Typography variant="h2" id="history" gutterBottom>
            {t('history')}
          </Typography>
          <ContactHistory number={contact.number} />
        </section>
      </Stack>
      {asking === 'edit' ? (
        <ContactDialog
          contact={contact}
          send={async (body) => {
            await changeContact(contact.id, body, etag);
            await client.invalidateQueries({ queryKey: CONTACTS });
            notice.done(t('saved'));
            setAsking(null);
          }}
          onClose={() => setAsking(null)}
        />
      ) : null}
      <ConfirmDialog
        open={asking === 'remove'}
        title={t('removePersonTitle')}
        text={t('removePersonText')}
        confirm={t('removePerson')}
        danger
        busy={removing.busy}
        error={removing.error}
        onConfirm={() => void remove()}
        onClose={() => setAsking(null)}
      />
    </>
  );
}
