import type { components } from './schema';

export type Fault = components['schemas']['Fault'];
type ProblemBody = components['schemas']['Problem'];

/** What the service said went wrong (RFC 9457). status 0: there was no answer at all. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly remedy: string;
  readonly faults: Fault[];
  readonly requestId: string;
  /** Seconds that the service asks to wait, or null. */
  readonly retryAfter: number | null;

  constructor(status: number, body: Partial<ProblemBody>, headers?: Headers) {
    super(body.detail ?? body.title ?? '');
    this.name = 'ApiProblem';
    this.status = status;
    this.remedy = body.remedy ?? '';
    this.faults = body.errors ?? [];
    this.requestId = headers?.get('x-request-id') ?? '';
    const wait = Number(headers?.get('retry-after'));
    this.retryAfter = headers?.has('retry-after') && Number.isFinite(wait) ? wait : null;
  }

  /** Somebody else changed the thing meanwhile. */
  get isStale(): boolean {
    return this.status === 412;
  }

  /** Does the request deserve another try without anybody's doing? */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

function isProblem(value: unknown): value is ProblemBody {
  return typeof value === 'object' && value !== null && 'title' in value;
}

/** The problem that an answer tells of; a proxy's answers are no problem+json. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => null);
  return new ApiProblem(response.status, isProblem(body) ? body : {}, response.headers);
}

/** "/nodes/a/prompt" → "nodes.a.prompt", "?limit" → "limit": how forms name their fields. */
export function fieldOf(pointer: string): string {
  return pointer
    .replace(/^[/?]/, '')
    .split('/')
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'))
    .join('.');
}
