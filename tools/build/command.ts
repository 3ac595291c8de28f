/**
 * Runs a program of the build and stops the build with a plain sentence when it fails.
 */
import { spawnSync } from 'node:child_process';

/** A failure that the person who builds can act on: printed without a stack. */
export class BuildError extends Error {}

/** Runs a program with its output shown, and throws a BuildError unless it exits with 0. */
export function run(command: string, args: readonly string[], cwd: string): void {
  const { error, status, signal } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error !== undefined) throw new BuildError(`run "${command}": ${error.message}`);
  if (status !== 0) {
    throw new BuildError(`run "${command} ${args.join(' ')}": exit ${status ?? signal}`);
  }
}
