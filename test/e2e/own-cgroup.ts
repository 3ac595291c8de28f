/**
 * Where controllers are not delegated a container has no cgroup of its own: here it is given one,
 * so that it can be paused.
 */
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { Lab } from './harness.ts';

/** The folder that test/lab/as-user delegates to the plain user. */
export const DELEGATED = '/sys/fs/cgroup/berth-lab-berth';

/** False where giveCgroup() works, else the reason for a skip. */
export const missingFreezer = canWrite(`${DELEGATED}/cgroup.procs`)
  ? false as const : 'no delegated cgroup';

function canWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A running container and its supervisor are in a cgroup of their own, which goes at the end. */
export async function giveCgroup(lab: Lab, name: string): Promise<void> {
  const format = '{{.Id}} {{.State.Pid}}';
  const [id = '', pid = ''] = (await lab.ok(['inspect', '-f', format, name])).split(' ');
  const folder = `${DELEGATED}/berth-${id.slice(0, 12)}-1`;
  mkdirSync(folder);
  lab.atEnd(async () => rmdirSync(folder));
  const supervisor = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  for (const process of [supervisor ?? '', pid]) writeFileSync(`${folder}/cgroup.procs`, process);
}
