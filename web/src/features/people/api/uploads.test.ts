import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UploadProgress } from './uploads';
import { nextPart, uploadFile } from './uploads';

const SIZE = 3_000_000;

/** A service that keeps parts in memory, and whose connection breaks where it is told to. */
class Service {
  received = 0;
  parts: number[] = [];
  breaks = new Set<number>();
  /** The part arrives, its answer does not. */
  deaf = new Set<number>();

  fetch = async (input: Request): Promise<Response> => {
    const url = new URL(input.url);
    if (input.method === 'PUT') {
      const n = this.parts.length;
      if (n > 200) throw new Error('it does not come to an end');
      const { byteLength } = await input.arrayBuffer();
      this.parts.push(byteLength);
      if (this.breaks.has(n)) throw new TypeError('Failed to fetch');
      if (Number(url.searchParams.get('offset')) !== this.received)
        return Response.json({ title: 'Conflict', status: 409 }, { status: 409 });
      this.received += byteLength;
      if (this.deaf.has(n)) throw new TypeError('Failed to fetch');
    }
    return Response.json(
      { id: 7, filename: 'x.csv', bytes: SIZE, received: this.received, created: '', expires: '' },
      { status: input.method === 'POST' ? 201 : 200 },
    );
  };
}

describe('an upload in parts', () => {
  let service: Service;
  // The tests' Request does not know the tests' File: what is sent is plain bytes.
  const file = {
    name: 'x.csv',
    size: SIZE,
    lastModified: 1,
    slice: (from: number, to: number) => new Uint8Array(Math.min(to, SIZE) - from),
  } as unknown as File;
  beforeEach(() => {
    localStorage.clear();
    service = new Service();
    vi.stubGlobal('fetch', service.fetch);
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const send = async (tell: (p: UploadProgress) => void = () => undefined) => {
    const done = uploadFile(file, tell, new AbortController().signal);
    await vi.runAllTimersAsync();
    return done;
  };

  it('sends all of it', async () => {
    expect((await send()).received).toBe(SIZE);
    expect(service.parts.reduce((sum, n) => sum + n, 0)).toBe(SIZE);
  });

  it('goes on after the connection broke, and says so', async () => {
    service.breaks = new Set([1, 2]);
    const told: UploadProgress[] = [];
    expect((await send((p) => told.push(p))).received).toBe(SIZE);
    expect(told.some((p) => p.waiting)).toBe(true);
    expect(told.at(-1)).toEqual({ received: SIZE, total: SIZE, waiting: false });
  });

  it('does not send again what had arrived', async () => {
    service.deaf = new Set([0]);
    await send();
    expect(service.received).toBe(SIZE);
    expect(service.parts.reduce((sum, n) => sum + n, 0)).toBe(SIZE);
  });

  it('goes on where an earlier try ended', async () => {
    localStorage.setItem(`kolcast.upload:x.csv:${SIZE}:1`, '7');
    service.received = 2_900_000;
    await send();
    expect(service.parts.reduce((sum, n) => sum + n, 0)).toBe(100_000);
  });

  it('grows its parts on a quick connection and shrinks them on a slow one', () => {
    expect(nextPart(1 << 20, 10)).toBe(2 << 20);
    expect(nextPart(1 << 20, 60_000)).toBe(1 << 19);
    expect(nextPart(1 << 18, 60_000)).toBe(1 << 18);
    expect(nextPart(8 << 20, 1)).toBe(8 << 20);
  });
});
