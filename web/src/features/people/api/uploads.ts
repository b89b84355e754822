/* A file goes to the service in parts. A lost connection costs the part that was under way; the same
 * file chosen again goes on where it was. */
import type { Schema } from '@/lib/api/client';
import { api, data, newKey } from '@/lib/api/client';
import { apiFetch } from '@/lib/api/fetch';
import { ApiProblem } from '@/lib/api/problem';

export type Upload = Schema<'Upload'>;
export type Preview = Schema<'Preview'>;

export interface UploadProgress {
  received: number;
  total: number;
  /** The connection is lost; another try follows. */
  waiting: boolean;
}

export const FILE_MAX = 1073741824;
const PART_MIN = 256 * 1024;
const PART_MAX = 8 * 1024 * 1024;
/** A part should take about this long: short enough to show progress, long enough to be quick. */
const PART_MS = 1000;
const WAIT_MAX_MS = 15_000;

/** The next part's size, after one of this size took so long. */
export function nextPart(size: number, ms: number): number {
  const factor = Math.min(2, Math.max(0.5, PART_MS / Math.max(1, ms)));
  return Math.round(Math.min(PART_MAX, Math.max(PART_MIN, size * factor)));
}

function memoryKey(file: File): string {
  return `kolcast.upload:${file.name}:${file.size}:${file.lastModified}`;
}

function remembered(file: File): number | null {
  const id = Number(localStorage.getItem(memoryKey(file)));
  return Number.isInteger(id) && id > 0 ? id : null;
}

export function forgetUpload(file: File): void {
  localStorage.removeItem(memoryKey(file));
}

async function begin(file: File): Promise<Upload> {
  const id = remembered(file);
  if (id !== null) {
    try {
      const upload = await data(api.GET('/api/uploads/{id}', { params: { path: { id } } }));
      if (upload.bytes === file.size) return upload;
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status !== 404) throw error;
    }
  }
  const upload = await data(
    api.POST('/api/uploads', {
      params: { header: { 'Idempotency-Key': newKey() } },
      body: { filename: file.name, bytes: file.size },
    }),
  );
  localStorage.setItem(memoryKey(file), String(upload.id));
  return upload;
}

async function sendPart(id: number, offset: number, part: Blob, signal: AbortSignal): Promise<Upload> {
  const response = await apiFetch(
    new Request(`${window.location.origin}/api/uploads/${id}/content?offset=${offset}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: part,
      signal,
    }),
  );
  return (await response.json()) as Upload;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('stopped', 'AbortError'));
    });
  });
}

/** What is there in truth, after a part whose fate is not known. */
async function askAgain(id: number, tries: number, signal: AbortSignal): Promise<number | null> {
  await sleep(Math.min(WAIT_MAX_MS, 500 * 2 ** tries), signal);
  try {
    const upload = await data(api.GET('/api/uploads/{id}', { params: { path: { id } }, signal }));
    return upload.received;
  } catch (error) {
    if (error instanceof ApiProblem && error.isPassing) return null;
    throw error;
  }
}

/** Sends all of the file. Rejects with ApiProblem when the service refuses it, and when it is stopped. */
export async function uploadFile(
  file: File,
  tell: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<Upload> {
  let upload = await begin(file);
  let { received } = upload;
  let size = PART_MIN;
  let tries = 0;
  while (received < file.size) {
    tell({ received, total: file.size, waiting: tries > 1 });
    const started = performance.now();
    try {
      upload = await sendPart(upload.id, received, file.slice(received, received + size), signal);
      received = upload.received;
      size = nextPart(size, performance.now() - started);
      tries = 0;
    } catch (error) {
      const passing = error instanceof ApiProblem && (error.isPassing || error.status === 409);
      if (!passing) throw error;
      tries += 1;
      tell({ received, total: file.size, waiting: true });
      received = (await askAgain(upload.id, tries, signal)) ?? received;
    }
  }
  tell({ received, total: file.size, waiting: false });
  return upload;
}
