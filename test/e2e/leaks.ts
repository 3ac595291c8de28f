/**
 * Looks for what a test file left behind: processes that belong to its folder, mounts below it,
 * and files where nothing may stay once no container is left.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';

/** One sentence for each thing left by the test file that owns `folder`; kills the processes. */
export function findLeaks(folder: string, runtime: string): string[] {
  return [
    ...processesOf(folder).map(({ pid, what }) => {
      process.kill(pid, 'SIGKILL');
      return `process ${pid}: ${what}`;
    }),
    ...mountsBelow(folder).map((target) => `mount ${target}`),
    ...filesBelow(runtime).map((file) => `file ${file}`),
    ...filesBelow(path.join(folder, 'tmp')).map((file) => `file ${file}`),
  ];
}

/** Processes whose arguments, environment, folder or mounts name `folder`; not the test itself. */
export function processesOf(folder: string): { pid: number; what: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const read = (file: string): string => readOrNothing(`/proc/${name}/${file}`);
      const command = read('cmdline').replaceAll('\0', ' ').trim();
      const belongs = command.includes(folder) || read('environ').includes(folder)
        || linkOrNothing(`/proc/${name}/cwd`).startsWith(folder)
        || read('mountinfo').includes(`${folder}/`);
      return belongs && !isRunner(command) ? [{ pid: Number(name), what: command }] : [];
    });
}

/** The test runner and its siblings know the folder from their environment or not at all. */
function isRunner(command: string): boolean {
  return command.includes('--test') || command.includes('second-user.mjs');
}

function mountsBelow(folder: string): string[] {
  return readOrNothing('/proc/self/mountinfo').split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${folder}/`));
}

/**
 * The lock is empty: removing it would let two commands hold "the" lock. Runs are kept for the
 * next ones until the user logs out.
 */
const WHAT_STAYS = /\/berth\/(keepers\/lock|kept-runs\/[0-9a-f]{8}\.\d+\.[01])$/;

/** Regular files, sockets and pipes; the folders themselves may stay. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => !WHAT_STAYS.test(file)
      && !statSync(file, { throwIfNoEntry: false })?.isDirectory());
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOrNothing(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
