import { Alert, AlertTitle, Button } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { ProblemText } from './ProblemText';

/** Instead of what could not be loaded: why, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert
      severity="error"
      variant="outlined"
      role="alert"
      action={
        onRetry ? (
          <Button color="inherit" onClick={onRetry}>
            {t('action.retry')}
          </Button>
        ) : null
      }
    >
      <AlertTitle>{t('problem.title')}</AlertTitle>
      <ProblemText error={error} />
    </Alert>
  );
}
