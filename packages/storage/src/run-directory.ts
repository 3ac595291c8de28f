/**
 * Where a running container has its socket. If a command has another XDG_RUNTIME_DIR than the
 * command that started the container (by cron, su or a login without one), it finds the socket by
 * the facts of the run.
 */
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerPaths } from './container-paths.ts';
import { parseFacts } from './summary.ts';

const OTHERS_BITS = 0o077;

/** The run directory of the container's last run: this command's, or the one that it recorded. */
export function runDirectoryOf(paths: ContainerPaths): string {
  if (existsSync(paths.runDirectory)) return paths.runDirectory;
  const recorded = recordedDirectory(paths);
  return recorded !== undefined && isOf(recorded, paths) ? recorded : paths.runDirectory;
}

function recordedDirectory({ runs }: ContainerPaths): string | undefined {
  try {
    const last = Math.max(...readdirSync(runs).map(Number));
    return parseFacts(readFileSync(join(runs, String(last), 'facts'), 'utf8')).runDirectory;
  } catch {
    return undefined;
  }
}

/** Run directories are in memory and disappear, and another container can then use their name. */
function isOf(path: string, { directory }: ContainerPaths): boolean {
  try {
    const { uid, mode } = lstatSync(path);
    return uid === process.getuid?.() && (mode & OTHERS_BITS) === 0
      && readlinkSync(join(path, 'store')) === directory;
  } catch {
    return false;
  }
}
