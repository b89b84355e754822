/* `kolcast serve` in a temporary folder, set up by its API; and the simulated carrier. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { components } from '../../src/lib/api/schema';
import type { Program } from './process';
import { SOURCE, start } from './process';

export const PASSWORD = 'a long enough passphrase, as it should be';
export type Role = 'Analyst' | 'CampaignManager' | 'Administrator';
export const EMAILS: Record<Role, string> = {
  Administrator: 'dana@example.org',
  CampaignManager: 'yossi@example.org',
  Analyst: 'maya@example.org',
};
const NAMES: Record<Role, string> = {
  Administrator: 'Dana Levi',
  CampaignManager: 'Yossi Mizrahi',
  Analyst: 'Maya Cohen',
};

/** An answer's type by its name in the contract: service.get<Schema<'UserPage'>>('/api/users'). */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export class Service {
  readonly folder = mkdtempSync(join(tmpdir(), 'kolcast-e2e-'));
  url = '';
  setupToken = '';
  private port = 0;
  private program: Program | null = null;
  private readonly tokens = new Map<Role, string>();
  private readonly carriers: Program[] = [];

  /** Starts it; again after stop() or kill() on the same port with the same data. */
  async start(...args: string[]): Promise<void> {
    const data = join(this.folder, 'data');
    this.program = await start(
      [
        'serve',
        '--json',
        '--data',
        data,
        '--listen',
        `127.0.0.1:${this.port}`,
        '--no-rate-limits',
        '--grace',
        '1',
        ...args,
      ],
      join(this.folder, 'serve.log'),
    );
    this.port = Number(this.program.ready.port);
    this.url = `http://127.0.0.1:${this.port}`;
    this.setupToken = text(this.program.ready.setup_token);
  }

  async stop(): Promise<void> {
    await this.program?.stop();
    this.program = null;
  }

  /** Ends everything and removes the folder. */
  async end(): Promise<void> {
    await this.program?.kill();
    for (const carrier of this.carriers) await carrier.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The simulated carrier, reachable as the trunk "simulated". population: a file of examples/. */
  async startCarrier(population = 'examples/population.json'): Promise<void> {
    const carrier = await start(
      ['carrier', join(SOURCE, population), '--listen', '127.0.0.1:0', '--json'],
      join(this.folder, 'carrier.log'),
    );
    this.carriers.push(carrier);
    await this.post('/api/trunks', {
      name: 'simulated',
      host: '127.0.0.1',
      port: Number(carrier.ready.port),
    });
  }

  /** The first administrator. */
  async setUp(): Promise<void> {
    const answer = await this.call<Schema<'SignedIn'>>('POST', '/api/setup', {
      token: this.setupToken,
      email: EMAILS.Administrator,
      name: NAMES.Administrator,
      password: PASSWORD,
    });
    this.tokens.set('Administrator', String(answer.access_token));
  }

  /** An access token of somebody with this role, invited when first asked for. */
  async token(role: Role): Promise<string> {
    const known = this.tokens.get(role);
    if (known) return known;
    const email = EMAILS[role];
    const invited = await this.post<Schema<'InvitedUser'>>('/api/users', { email, role, name: NAMES[role] });
    await this.call('POST', '/api/password-resets/complete', {
      token: String(invited.invitation.link).split('#')[1],
      password: PASSWORD,
    });
    const answer = await this.call<Schema<'SignedIn'>>('POST', '/api/sessions', {
      email,
      password: PASSWORD,
    });
    this.tokens.set(role, String(answer.access_token));
    return String(answer.access_token);
  }

  get<T = unknown>(path: string, role: Role = 'Administrator'): Promise<T> {
    return this.as(role, 'GET', path);
  }

  post<T = unknown>(path: string, body?: unknown, role: Role = 'Administrator'): Promise<T> {
    return this.as(role, 'POST', path, body);
  }

  async as<T = unknown>(role: Role, method: string, path: string, body?: unknown): Promise<T> {
    return this.call(method, path, body, { authorization: `Bearer ${await this.token(role)}` });
  }

  /** Raw bytes, as uploads are; a Blob, so that files are made by `new Blob([readFileSync(…)])`. */
  async upload<T = unknown>(
    path: string,
    bytes: Blob,
    type: string,
    role: Role = 'Administrator',
  ): Promise<T> {
    return this.send('POST', path, bytes, {
      'content-type': type,
      authorization: `Bearer ${await this.token(role)}`,
    });
  }

  call<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    return this.send(method, path, body === undefined ? undefined : JSON.stringify(body), {
      ...json,
      ...headers,
    });
  }

  private async send<T>(
    method: string,
    path: string,
    body: BodyInit | undefined,
    headers: Record<string, string>,
  ): Promise<T> {
    const response = await fetch(this.url + path, { method, headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}
