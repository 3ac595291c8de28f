/**
 * Plans that `exec` keeps, so that the next exec with the same flags needs no JavaScript. Before
 * the runtime starts, dist/berth hands over to native/src/exec-again.c, which adds the command.
 * docs/launch-plan.md describes the files.
 */
import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPlan, type ExecSettings } from './exec-plan.ts';
import { clientFlags, type ClientSettings } from './hand-over.ts';

/** What is kept of an exec. */
export interface KeptExec {
  /** Of the container: it goes when that ends. */
  runDirectory: string;
  /** As they were typed; with the container they decide everything but the command. */
  flags: readonly string[];
  settings: ExecSettings;
  client: ClientSettings;
}

const HEADER = 'berth-exec 1';
/** As exec-again.c reads: a file's name has at most 255 bytes. */
const MAX_FLAG_BYTES = 100;
/** Scripts that have a new flag for each exec keep no more of them. */
const MAX_KEPT = 8;

/**
 * The next exec with these flags in the container's run has its plan. Where that can't be, nothing
 * has happened: it is made anew then.
 */
export function keepExec({ runDirectory, flags, settings, client }: KeptExec): void {
  const key = Buffer.from(flags.map((flag) => `${flag}\0`).join(''));
  if (key.length > MAX_FLAG_BYTES) return;
  const name = `exec.${key.toString('hex')}`;
  const temporary = join(runDirectory, `exec-kept-${process.pid}`);
  try {
    const kept = readdirSync(runDirectory).filter((file) => file.startsWith('exec.'));
    if (kept.length >= MAX_KEPT || kept.includes(name)) return;
    writeFileSync(temporary, contentOf(settings, client), { mode: 0o600, flag: 'wx' });
    renameSync(temporary, join(runDirectory, name));
  } catch {
    // A full disk, or the container has just ended: the exec itself tells.
    rmSync(temporary, { force: true });
  }
}

function contentOf(settings: ExecSettings, client: ClientSettings): Buffer {
  const namespace = statSync('/proc/self/ns/pid').ino;
  const options = clientFlags(client);
  const head = [HEADER, namespace, options.length, ...options, ''].join('\0');
  const plan = execPlan({ ...settings, process: { ...settings.process, args: [] } });
  return Buffer.concat([Buffer.from(head), plan]);
}
