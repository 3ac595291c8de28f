/**
 * Where a running container has its socket. If a command has another XDG_RUNTIME_DIR than the
 * command that started the container (by cron, su or a login without one), it finds the socket by
 * the facts of the run.
 */
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerPaths } from './container-paths.ts';
import type { Layout } from './layout.ts';
import { parseFacts } from './summary.ts';
import { listDirectory, readLink } from './whole-file.ts';

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

/** Stores may share a run directory: its link `store` points to the container it belongs to. */
export function isOwnRunDirectory({ runContainers, containers }: Layout, id: string): boolean {
  return readLink(join(runContainers, id, 'store')) === join(containers, id);
}

/** Whether the run directory also serves containers of another store. */
export function isRunShared({ runContainers, containers }: Layout): boolean {
  return listDirectory(runContainers).some((id) => {
    const target = readLink(join(runContainers, id, 'store'));
    return target !== undefined && target !== join(containers, id) && existsSync(target);
  });
}
