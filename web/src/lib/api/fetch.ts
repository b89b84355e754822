/* fetch with what every request needs: the CSRF token, a renewed session, problems as exceptions. */
import { ApiProblem, problemOf } from './problem';
import { csrfToken, renewSession } from './session';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
// Here 401 is the answer to a question, not a session that has run out.
const PUBLIC = /^\/api\/(sessions(\/refresh)?$|setup$|password-resets|providers)/;

function isPublic(request: Request): boolean {
  const { pathname } = new URL(request.url);
  return PUBLIC.test(pathname) && !(pathname === '/api/sessions' && request.method === 'GET');
}

async function send(request: Request): Promise<Response> {
  const headers = new Headers(request.headers);
  if (!SAFE.has(request.method) && csrfToken()) headers.set('x-csrf-token', csrfToken());
  try {
    return await fetch(new Request(request, { headers }));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiProblem(0, {});
  }
}

async function renewed(): Promise<boolean> {
  try {
    return await renewSession();
  } catch {
    throw new ApiProblem(0, {});
  }
}

/** Rejects with ApiProblem whenever the answer is no success. */
export async function apiFetch(request: Request): Promise<Response> {
  const spare = request.clone();
  let response = await send(request);
  if (response.status === 401 && !isPublic(request) && (await renewed())) response = await send(spare);
  if (!response.ok && response.status !== 304) throw await problemOf(response);
  return response;
}
