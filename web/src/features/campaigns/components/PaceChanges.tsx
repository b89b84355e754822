import { Button, Table, TableBody, TableCell, TableHead, TableRow, Typography } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { Ltr } from '@/components/Ltr';
import { QueryView } from '@/components/QueryView';
import { Section } from '@/components/Section';
import { useFormat } from '@/lib/i18n/format';
import { usePaceChanges } from '../api/details';

/** Each change of the pace and why, newest first. */
export function PaceChanges({ id, live }: { id: number; live: boolean }) {
  const { t } = useTranslation(['campaigns', 'common']);
  const format = useFormat();
  const changes = usePaceChanges(id, live);
  return (
    <Section title={t('pace.title')} text={t('pace.text')}>
      <QueryView query={changes}>
        {() =>
          changes.items.length === 0 ? (
            <Typography color="text.secondary">{t('pace.none')}</Typography>
          ) : (
            <>
              <Table size="small" aria-label={t('pace.title')}>
                <TableHead>
                  <TableRow>
                    <TableCell>{t('pace.at')}</TableCell>
                    <TableCell>{t('pace.change')}</TableCell>
                    <TableCell>{t('pace.reason')}</TableCell>
                  </TableRow>
                </TableHead>
                <TableBody>
                  {changes.items.map((change, i) => (
                    <TableRow key={`${change.at}-${i}`}>
                      <TableCell sx={{ whiteSpace: 'nowrap' }}>
                        <Ltr>{format.time(change.at)}</Ltr>
                      </TableCell>
                      <TableCell sx={{ whiteSpace: 'nowrap' }}>
                        <Ltr>
                          {format.number(change.from)} → {format.number(change.to)}
                        </Ltr>
                      </TableCell>
                      <TableCell>
                        <Ltr>{change.trunk ? `${change.trunk}: ${change.reason}` : change.reason}</Ltr>
                      </TableCell>
                    </TableRow>
                  ))}
                </TableBody>
              </Table>
              {changes.hasNextPage ? (
                <Button
                  sx={{ mt: 1 }}
                  loading={changes.isFetchingNextPage}
                  onClick={() => void changes.fetchNextPage()}
                >
                  {t('pace.more')}
                </Button>
              ) : null}
            </>
          )
        }
      </QueryView>
    </Section>
  );
}
