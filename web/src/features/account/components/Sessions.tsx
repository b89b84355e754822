import { Button, List, ListItem, ListItemText } from '@mui/material';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { ProblemAlert } from '@/components/ProblemAlert';
import { QueryView } from '@/components/QueryView';
import { api, data } from '@/lib/api/client';
import { useFormat } from '@/lib/i18n/format';
import { useNotice } from '@/lib/state/useNotice';

const SESSIONS = ['sessions'] as const;

export function Sessions() {
  const { t } = useTranslation('account');
  const format = useFormat();
  const notice = useNotice();
  const queries = useQueryClient();
  const sessions = useQuery({ queryKey: SESSIONS, queryFn: () => data(api.GET('/api/sessions')) });
  const end = useMutation({
    mutationFn: (id: number) => api.DELETE('/api/sessions/{id}', { params: { path: { id } } }),
    onSuccess: () => {
      notice.done(t('sessions.ended'));
      return queries.invalidateQueries({ queryKey: SESSIONS });
    },
  });
  return (
    <QueryView query={sessions}>
      {({ items }) => (
        <>
          <ProblemAlert error={end.error} />
          <List disablePadding>
            {items.map((session) => (
              <ListItem
                key={session.id}
                disableGutters
                secondaryAction={
                  session.current ? null : (
                    <Button onClick={() => end.mutate(session.id)}>{t('sessions.end')}</Button>
                  )
                }
              >
                <ListItemText
                  primary={session.current ? t('sessions.this') : <Ltr>{session.address}</Ltr>}
                  secondary={
                    <>
                      <Ltr>{session.agent}</Ltr>{' '}
                      {t('sessions.seen', { ago: format.ago(session.seen ?? session.created) })}
                    </>
                  }
                  sx={{ overflowWrap: 'anywhere', paddingInlineEnd: session.current ? 0 : 14 }}
                />
              </ListItem>
            ))}
          </List>
        </>
      )}
    </QueryView>
  );
}
