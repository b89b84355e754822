import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './problem';

const TRIES = 2;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // What the service refuses it refuses again; what it could not do it may do soon.
        retry: (count, error) => error instanceof ApiProblem && error.isPassing && count < TRIES,
        retryDelay: (count) => 500 * 2 ** count,
      },
      mutations: { retry: false },
    },
  });
}
