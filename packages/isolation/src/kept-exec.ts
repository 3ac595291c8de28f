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
  /** The run folder of the container; it is removed when the container ends. */
  runDirectory: string;
  /** The flags as typed; together with the container they decide everything except the command. */
  flags: readonly string[];
  settings: ExecSettings;
  client: ClientSettings;
}

const HEADER = 'berth-exec 1';
/** The same limit as in exec-again.c: a file name has at most 255 bytes. */
const MAX_FLAG_BYTES = 100;
/** Scripts that use a new flag for each exec must not fill the folder. */
const MAX_KEPT = 8;

/**
 * The next exec with these flags, in the same run of the container, finds its plan. When the plan
 * can't be kept, nothing is changed; the next exec makes its plan again.
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
    // The disk is full or the container has just ended. The exec itself reports that.
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
