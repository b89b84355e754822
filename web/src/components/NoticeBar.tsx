import { Alert, Button, Snackbar } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { noticeClosed } from '@/lib/state/notice';
import { useAppDispatch, useAppSelector } from '@/lib/state/store';
import { takeUndo } from '@/lib/state/useNotice';

const SHOWN_MS = 6000;
/** Long enough to read, find and reach the button by keyboard. */
const UNDO_MS = 12_000;

/** The word at the bottom: what was done, with "undo" where that is possible. See useNotice. */
export function NoticeBar() {
  const { t } = useTranslation();
  const dispatch = useAppDispatch();
  const notice = useAppSelector((state) => state.notice.current);
  if (!notice) return null;
  const close = () => dispatch(noticeClosed(notice.id));
  const undo = () => {
    takeUndo(notice.id)?.();
    close();
  };
  return (
    <Snackbar
      key={notice.id}
      open
      autoHideDuration={notice.undoable ? UNDO_MS : SHOWN_MS}
      onClose={(_, reason) => {
        if (reason !== 'clickaway') close();
      }}
    >
      <Alert
        severity={notice.kind}
        variant="filled"
        role={notice.kind === 'error' ? 'alert' : 'status'}
        closeText={t('action.close')}
        onClose={close}
        action={
          notice.undoable ? (
            <Button color="inherit" size="small" onClick={undo}>
              {t('action.undo')}
            </Button>
          ) : undefined
        }
      >
        {notice.text}
      </Alert>
    </Snackbar>
  );
}
