/* The browser's session: cookies that scripts cannot read, a CSRF token that changes carry, and one
 * renewal at a time when the access cookie has run out. */
import type { components } from './schema';

export type Me = components['schemas']['Me'];
export type Role = Me['role'];

type Listener = (me: Me | null) => void;

let csrf = '';
let left = false;
let renewal: Promise<boolean> | null = null;
const listeners = new Set<Listener>();

export function csrfToken(): string {
  return csrf;
}

/** Who is signed in; null: nobody. Tells all listeners. */
export function setMe(me: Me | null): void {
  csrf = me?.csrf_token ?? '';
  if (me) left = false;
  for (const listener of listeners) listener(me);
}

/** The user signed out: nobody is to be told that the session ran out. */
export function leaveSession(): void {
  left = true;
  setMe(null);
}

export function sessionLeft(): boolean {
  return left;
}

/** Called with each change of who is signed in. Returns how to stop. */
export function onMe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function currentMe(): Promise<Me | null> {
  const response = await fetch('/api/session', { headers: { accept: 'application/json' } });
  return response.ok ? ((await response.json()) as Me) : null;
}

async function refresh(): Promise<Me | null> {
  const response = await fetch('/api/sessions/refresh', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  if (response.ok) return ((await response.json()) as components['schemas']['SignedIn']).me;
  // Only a clear no ends the session; a server that is down does not.
  if (response.status === 401 || response.status === 422) return null;
  throw new Error(`refresh: ${response.status}`);
}

async function renew(): Promise<boolean> {
  // Another tab may have been faster: then its cookies are ours.
  const me = (await currentMe()) ?? (await refresh());
  setMe(me);
  return me !== null;
}

async function renewAlone(): Promise<boolean> {
  // Absent on plain http, whatever the types say.
  const locks = navigator.locks as LockManager | undefined;
  return locks ? await locks.request('kolcast-renew', renew) : await renew();
}

/** New cookies for those that have run out. One at a time, over all tabs where the browser can
 * (locks exist on https and localhost; elsewhere the service bears two tabs within 20 seconds).
 * false: signed out. Rejects when the service cannot be reached. */
export function renewSession(): Promise<boolean> {
  renewal ??= renewAlone().finally(() => {
    renewal = null;
  });
  return renewal;
}
