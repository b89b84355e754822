import { Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { QueryView } from '@/components/QueryView';
import { useFormat } from '@/lib/i18n/format';
import { useCallsTo, useTextsTo } from '../api/contacts';

/** Every call and text to a number, newest first. */
export function ContactHistory({ number }: { number: string }) {
  const { t } = useTranslation(['people', 'terms']);
  const calls = useCallsTo(number);
  const texts = useTextsTo(number);
  const format = useFormat();
  return (
    <>
      <QueryView query={calls}>
        {({ items }) =>
          items.length === 0 ? (
            <Typography color="text.secondary">{t('noHistory')}</Typography>
          ) : (
            <Table size="small" aria-label={t('history')} sx={{ bgcolor: 'background.paper' }}>
              <TableHead>
                <TableRow>
                  <TableCell>{t('when')}</TableCell>
                  <TableCell>{t('outcome')}</TableCell>
                  <TableCell>{t('keys')}</TableCell>
                  <TableCell align="right">{t('talk')}</TableCell>
                </TableRow>
              </TableHead>
              <TableBody>
                {items.map((call) => (
                  <TableRow key={call.id}>
                    <TableCell>{call.ended ? format.dateTime(call.ended) : '—'}</TableCell>
                    <TableCell>{t(`terms:outcome.${call.outcome}`)}</TableCell>
                    <TableCell>
                      <Ltr>{call.keys}</Ltr>
                    </TableCell>
                    <TableCell align="right">
                      {t('seconds', { count: Math.round(call.talk_seconds) })}
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          )
        }
      </QueryView>
      {texts.data && texts.data.items.length > 0 ? (
        <>
          <Typography variant="h2" sx={{ mt: 4 }} gutterBottom>
            {t('texts')}
          </Typography>
          <Table size="small" aria-label={t('texts')} sx={{ bgcolor: 'background.paper' }}>
            <TableHead>
              <TableRow>
                <TableCell>{t('when')}</TableCell>
                <TableCell>{t('textBody')}</TableCell>
              </TableRow>
            </TableHead>
            <TableBody>
              {texts.data.items.map((text) => (
                <TableRow key={text.id}>
                  <TableCell>{format.dateTime(text.created)}</TableCell>
                  <TableCell>
                    <bdi>{text.body}</bdi>
                  </TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </>
      ) : null}
    </>
  );
}
