/**
 * Runs a program of the tests as root of a user namespace with ids to give away. Root needs no
 * namespace for that; for others util-linux maps the ranges of /etc/subuid.
 */
import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';

const NAMESPACE = ['unshare', '--user', '--map-auto', '--map-root-user', '--'];

/** Why no namespace with several ids can be had, or false. */
export function namespaceIsMissing(): string | false {
  if (process.getuid?.() === 0) return false;
  const [command = '', ...options] = NAMESPACE;
  const tried = spawnSync(command, [...options, 'cat', '/proc/self/uid_map'], { encoding: 'utf8' });
  const lines = tried.status === 0 ? tried.stdout.trim().split('\n').length : 0;
  return lines >= 2 ? false : 'no user namespace with a range of ids (unshare --map-auto)';
}

/** Runs a TypeScript file of this directory with the present runtime. */
export function runInNamespace(
  program: string,
  args: readonly string[],
  input?: Buffer,
): SpawnSyncReturns<string> {
  const file = new URL(program, import.meta.url).pathname;
  const prefix = process.getuid?.() === 0 ? [] : NAMESPACE;
  const [command = '', ...rest] = [...prefix, process.execPath, ...process.execArgv, file, ...args];
  // Else a test file would report to the runner that runs this one.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  return spawnSync(command, rest, {
    encoding: 'utf8', env, maxBuffer: 1 << 28, ...(input === undefined ? {} : { input }),
  });
}
