import {
  Alert,
  Box,
  Button,
  LinearProgress,
  Paper,
  Stack,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableRow,
  Typography,
} from '@mui/material';
import DownloadOutlined from '@mui/icons-material/DownloadOutlined';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link as RouterLink } from 'react-router-dom';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { Ltr } from '@/components/Ltr';
import { useMay } from '@/lib/api/useMe';
import { useFormat } from '@/lib/i18n/format';
import { useNotice } from '@/lib/state/useNotice';
import type { Import } from '../api/imports';
import { isOver, useImportChange } from '../api/imports';

/** An import while it is read, and what came of it. */
export function ImportResult({ one }: { one: Import }) {
  return isOver(one.state) ? <Over one={one} /> : <Running one={one} />;
}

function Running({ one }: { one: Import }) {
  const { t } = useTranslation('people');
  const mayChange = useMay('CampaignManager');
  const cancel = useImportChange('cancel');
  const share = one.bytes_total > 0 ? one.bytes_done / one.bytes_total : 0;
  return (
    <Paper variant="outlined" sx={{ p: 3 }}>
      <Typography variant="h2" gutterBottom>
        {t('wizard.reading', { file: one.file })}
      </Typography>
      <LinearProgress
        aria-label={t('wizard.reading', { file: one.file })}
        variant={share > 0 && share < 1 ? 'determinate' : 'indeterminate'}
        value={share * 100}
        sx={{ my: 2, height: 8, borderRadius: 4 }}
      />
      <Box sx={{ display: 'flex', alignItems: 'center', gap: 2 }}>
        <Typography role="status" sx={{ flex: 1 }}>
          {t('wizard.readRows', { count: one.rows })}
        </Typography>
        {mayChange ? (
          <Button loading={cancel.isPending} onClick={() => cancel.mutate(one.id)}>
            {t('wizard.stop')}
          </Button>
        ) : null}
      </Box>
    </Paper>
  );
}

const TITLES = {
  done: 'wizard.doneTitle',
  failed: 'wizard.failedTitle',
  cancelled: 'wizard.cancelledTitle',
  undone: 'wizard.undoneTitle',
} as const;

function Over({ one }: { one: Import }) {
  const { t } = useTranslation('people');
  const title = t(TITLES[one.state as keyof typeof TITLES], { file: one.file });
  const severity = one.state === 'done' ? 'success' : one.state === 'failed' ? 'error' : 'info';
  return (
    <Stack spacing={3}>
      <Alert severity={severity} role="status">
        <Typography component="h2" sx={{ fontWeight: 600 }}>
          {title}
        </Typography>
        {one.state === 'failed' ? (
          <>
            <div>{t('wizard.failedText')}</div>
            <Ltr>{[one.detail, one.remedy].filter(Boolean).join(' – ')}</Ltr>
          </>
        ) : null}
      </Alert>
      {one.state === 'done' || one.state === 'undone' ? <Figures one={one} /> : null}
      {one.reasons.length > 0 ? <Reasons one={one} /> : null}
      <Actions one={one} />
    </Stack>
  );
}

function Figures({ one }: { one: Import }) {
  const { t } = useTranslation('people');
  const format = useFormat();
  const figures = [
    { label: t('rows'), value: one.rows },
    { label: t('accepted'), value: one.accepted },
    { label: t('merged'), value: one.merged, hint: t('wizard.mergedHint') },
    { label: t('rejected'), value: one.rejected, hint: t('wizard.rejectedHint') },
  ];
  return (
    <Box>
      <Box
        component="dl"
        sx={{ m: 0, display: 'grid', gap: 2, gridTemplateColumns: 'repeat(auto-fit, minmax(9rem, 1fr))' }}
      >
        {figures.map((figure) => (
          <Paper key={figure.label} variant="outlined" sx={{ p: 2 }}>
            <Typography component="dt" color="text.secondary">
              {figure.label}
            </Typography>
            <Typography component="dd" sx={{ m: 0, fontSize: '1.75rem', fontWeight: 600 }}>
              {format.number(figure.value)}
            </Typography>
            {figure.hint ? (
              <Typography component="dd" variant="body2" color="text.secondary" sx={{ m: 0 }}>
                {figure.hint}
              </Typography>
            ) : null}
          </Paper>
        ))}
      </Box>
      {one.summary && one.summary.repaired > 0 ? (
        <Typography sx={{ mt: 2 }}>{t('wizard.repaired', { count: one.summary.repaired })}</Typography>
      ) : null}
    </Box>
  );
}

function Reasons({ one }: { one: Import }) {
  const { t } = useTranslation('people');
  const format = useFormat();
  return (
    <Box>
      <Typography variant="h2" gutterBottom>
        {t('wizard.why')}
      </Typography>
      <Table size="small" aria-label={t('wizard.why')} sx={{ mb: 1, bgcolor: 'background.paper' }}>
        <TableHead>
          <TableRow>
            <TableCell>{t('wizard.reason')}</TableCell>
            <TableCell align="right">{t('wizard.count')}</TableCell>
            <TableCell align="right">{t('wizard.firstRow')}</TableCell>
          </TableRow>
        </TableHead>
        <TableBody>
          {one.reasons.map((reason) => (
            <TableRow key={reason.reason}>
              <TableCell>
                <Ltr>{reason.reason}</Ltr>
              </TableCell>
              <TableCell align="right">{format.number(reason.count)}</TableCell>
              <TableCell align="right">{format.number(reason.first_row)}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <Button
        component="a"
        href={`/api/imports/${one.id}/rejected.csv`}
        download
        startIcon={<DownloadOutlined aria-hidden />}
      >
        {t('wizard.download')}
      </Button>
      <Typography variant="body2" color="text.secondary">
        {t('wizard.downloadHint')}
      </Typography>
    </Box>
  );
}

function Actions({ one }: { one: Import }) {
  const { t } = useTranslation('people');
  const mayChange = useMay('CampaignManager');
  const notice = useNotice();
  const undo = useImportChange('undo');
  const [asking, setAsking] = useState(false);
  const undone = () => {
    setAsking(false);
    notice.done(t('wizard.undone'));
  };
  return (
    <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 1 }}>
      <Button variant="contained" component={RouterLink} to={`/people/${one.list_id}`}>
        {t('wizard.toList')}
      </Button>
      {mayChange && one.state === 'done' ? (
        <Button color="error" onClick={() => setAsking(true)}>
          {t('wizard.undo')}
        </Button>
      ) : null}
      <ConfirmDialog
        open={asking}
        title={t('wizard.undoTitle')}
        text={t('wizard.undoText')}
        confirm={t('wizard.undo')}
        danger
        busy={undo.isPending}
        error={undo.error}
        onConfirm={() => undo.mutate(one.id, { onSuccess: undone })}
        onClose={() => setAsking(false)}
      />
    </Box>
  );
}
