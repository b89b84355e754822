import createClient from 'openapi-fetch';
import { apiFetch } from './fetch';
import type { components, paths } from './schema';

/** A schema of the contract by its name. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

/** The service, typed by its contract: api.GET('/api/users', { params: … }). Use with data() or
 * tagged(), which give the answer or reject with ApiProblem. */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: apiFetch });

interface Answer<T> {
  data?: T;
  response: Response;
}

/** The answer's body. */
export async function data<T>(answer: Promise<Answer<T>>): Promise<T> {
  return (await answer).data as T;
}

/** What can be changed, with the version that a change must name. */
export interface Tagged<T> {
  value: T;
  etag: string;
}

export async function tagged<T>(answer: Promise<Answer<T>>): Promise<Tagged<T>> {
  const { data: value, response } = await answer;
  return { value: value as T, etag: response.headers.get('etag') ?? '' };
}

/** For the Idempotency-Key of a creation: made when its form opens, kept over its tries. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
