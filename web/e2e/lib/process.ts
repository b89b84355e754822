/* Programs of the build, started here and stopped by their own id. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const SOURCE = fileURLToPath(new URL('../../..', import.meta.url));
export const BUILD = resolve(process.env.KOLCAST_BUILD ?? join(SOURCE, 'build'));

export interface Program {
  /** The first line of its standard output, which is JSON: it is ready. */
  ready: Record<string, unknown>;
  /** SIGTERM, and waits for its end. */
  stop: () => Promise<void>;
  /** SIGKILL: as though the machine had died. */
  kill: () => Promise<void>;
}

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts build/kolcast and waits until it says that it is ready. log: where its errors go. */
export async function start(args: string[], log: string): Promise<Program> {
  const errors = openSync(log, 'a');
  const child = spawn(join(BUILD, 'kolcast'), args, { cwd: SOURCE, stdio: ['ignore', 'pipe', errors] });
  closeSync(errors);
  living.add(child);
  const ended = new Promise<void>((done) => {
    child.once('exit', () => {
      living.delete(child);
      done();
    });
  });
  if (!child.stdout) throw new Error('no standard output');
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string | null>((done) => {
    lines.once('line', done);
    lines.once('close', () => done(null));
    child.once('error', () => done(null));
  });
  if (line === null) throw new Error(`kolcast ${args[0] ?? ''} did not start:\n${readFileSync(log, 'utf8')}`);
  const signal = async (name: NodeJS.Signals) => {
    child.kill(name);
    await ended;
  };
  return {
    ready: JSON.parse(line) as Record<string, unknown>,
    stop: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
  };
}
