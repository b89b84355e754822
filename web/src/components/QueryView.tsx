import type { ReactNode } from 'react';
import { ErrorState } from './ErrorState';
import { LoadingSkeleton } from './LoadingSkeleton';

interface Query<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => Promise<unknown>;
}

interface Props<T> {
  query: Query<T>;
  loading?: ReactNode;
  children: (data: T) => ReactNode;
}

/** The one way to show what a query brings: a skeleton, an error with "try again", or it. What was
 * there before an error stays, under the error. */
export function QueryView<T>({ query, loading, children }: Props<T>) {
  const error = query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : null;
  if (query.data === undefined) return error ?? loading ?? <LoadingSkeleton />;
  return (
    <>
      {error}
      {children(query.data)}
    </>
  );
}
