/**
 * Berth in a container of Berth, for tests: a container with the programs of the machine, in which
 * scripts run the program under test. Its store lies in memory, for overlay takes no overlay.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { archiveOf } from '../lab/images.ts';
import type { Result } from './execute.ts';
import type { Lab } from './harness.ts';

/** A running container with Berth in it. */
export interface Outer {
  /** Runs a script of sh as root of the container; `berth` in it is the program under test. */
  run(script: string, ...flags: string[]): Promise<Result>;
  /** The same; it must exit with 0. Gives its standard output, without blanks at the ends. */
  ok(script: string, ...flags: string[]): Promise<string>;
}

/** The small image's name in every store of such a container, after openOuter(). */
export const IMAGE = 'localhost/busybox:latest';

/**
 * Starts the container with these flags of `run`; the image above is in its store. The caller
 * removes it.
 */
export async function openOuter(lab: Lab, name: string, ...flags: string[]): Promise<Outer> {
  const { archive } = archiveOf({}, lab.folder);
  await lab.ok(['run', '-d', '--name', name, '--network', 'none', ...programBinds(lab),
    '-v', `${archive}:/image.tar:ro`, '--tmpfs', '/store:mode=1777,exec', ...flags,
    'host', 'sleep', '1000']);
  const berth = lab.command.join(' ');
  const run = async (script: string, ...own: string[]): Promise<Result> =>
    lab.berth(['exec', '-e', 'HOME=/root', '-e', 'XDG_DATA_HOME=/store', ...own, name,
      'sh', '-euc', `berth() { ${berth} "$@"; }\n${script}`], { timeoutMs: 120_000 });
  const ok = async (script: string, ...own: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(script, ...own);
    assert.equal(status, 0, `${script}\n${stdout}\n${stderr}`);
    return stdout.trim();
  };
  await ok('berth load -q -i /image.tar');
  return { run, ok };
}

/** Flags of `run` that show the program under test where it lies on the machine. */
export function programBinds(lab: Lab): string[] {
  const folders = new Set(lab.command.filter((word) => path.isAbsolute(word)).map(path.dirname));
  return [...folders].filter((folder) => !folder.startsWith('/usr/'))
    .flatMap((folder) => ['-v', `${folder}:${folder}:ro`]);
}
