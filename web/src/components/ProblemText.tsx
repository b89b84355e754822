import { Typography } from '@mui/material';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '@/lib/api/problem';
import { Ltr } from './Ltr';

type Key =
  | 'problem.offline'
  | 'problem.refused'
  | 'problem.absent'
  | 'problem.conflict'
  | 'problem.stale'
  | 'problem.busy'
  | 'problem.input'
  | 'problem.server';

function keyOf(problem: ApiProblem): Key {
  switch (problem.status) {
    case 0:
      return 'problem.offline';
    case 403:
      return 'problem.refused';
    case 404:
    case 410:
      return 'problem.absent';
    case 409:
      return 'problem.conflict';
    case 412:
      return 'problem.stale';
    case 502:
    case 503:
    case 504:
      return 'problem.busy';
    default:
      return problem.status >= 500 ? 'problem.server' : 'problem.input';
  }
}

/** What went wrong in the reader's words, then what the service said of it. */
export function ProblemText({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (!(error instanceof ApiProblem)) return <>{t('problem.server')}</>;
  const wait = error.status === 429 ? (error.retryAfter ?? 30) : null;
  const detail = [error.message, error.remedy].filter(Boolean).join(' – ');
  const tells = detail && error.status !== 0 && error.status !== 403 && wait === null;
  return (
    <>
      {wait === null ? t(keyOf(error)) : t('problem.tooMany', { seconds: wait })}
      {tells ? (
        <Typography variant="body2" component="p" sx={{ mt: 0.5 }}>
          {t('problem.details')}: <Ltr>{detail}</Ltr>
        </Typography>
      ) : null}
      {error.status >= 500 && error.requestId ? (
        <Typography variant="body2" component="p" sx={{ mt: 0.5 }}>
          {t('problem.request')}: <Ltr>{error.requestId}</Ltr>
        </Typography>
      ) : null}
    </>
  );
}
