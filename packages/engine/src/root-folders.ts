/**
 * Checks the folders for root's containers. Their root is an id without any rights of the
 * machine's root, so this id must be able to reach the store and the program, and nobody else may
 * be able to change them.
 */
import {
  accessSync, chownSync, constants, existsSync, lstatSync, readdirSync, realpathSync, statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConflictError, UnsupportedError } from '@berth/errors';
import { ROOT_FOLDERS } from '@berth/host';
import { programFile } from '@berth/isolation';
import type { EngineOptions } from './engine.ts';

/** The folders that the global flags choose. */
export type ChosenFolders = Pick<EngineOptions, 'root' | 'runroot'>;

/**
 * The program, the store and the run folder are at places that root's containers can reach. An
 * empty folder of root is given to them. Throws UnsupportedError; and ConflictError where a folder
 * belongs to another user, or is in a place where one could replace it.
 */
export function requireFoldersOfRoot({ root, runroot }: ChosenFolders): void {
  const program = programFile();
  const closed = closedFolder(program);
  if (closed !== undefined) {
    const message = `run "${program}" for root: ${mayNotEnter(closed)}`;
    const hint = `cp -r "${dirname(program)}" /usr/local/lib/berth`;
    throw new UnsupportedError('PROGRAM_CLOSED', message, { hint });
  }
  requireOwn(root ?? ROOT_FOLDERS.data);
  requireOwn(runroot ?? ROOT_FOLDERS.run);
}

/**
 * The first folder on the way to `path` that root's containers may not enter. access(2) checks with
 * the real uid, so without the capabilities of this process.
 */
export function closedFolder(path: string): string | undefined {
  return foldersTo(path).find((folder) => !may(folder, constants.X_OK));
}

/** The reason why they may not. */
export function mayNotEnter(folder: string): string {
  const uid = process.getuid?.();
  return `its containers are uid ${uid} on this machine, who may not enter "${folder}"`;
}

function may(path: string, how: number): boolean {
  try {
    accessSync(path, how);
    return true;
  } catch {
    return false;
  }
}

/**
 * Throws when someone other than root and root's container id could replace the path. A process
 * with rights of root reads and writes there, and would do so for that user.
 */
function requireOwn(path: string): void {
  const closed = closedFolder(path);
  if (closed !== undefined) {
    throw new UnsupportedError('STORE_CLOSED', `use "${path}" for root: ${mayNotEnter(closed)}`, {
      hint: `chmod o+x "${closed}"`,
    });
  }
  const own = process.getuid?.();
  takeOverEmpty(path);
  const other = [...foldersTo(path), path].find((folder) => {
    const status = statSync(folder, { throwIfNoEntry: false });
    const isOwn = status?.uid === own || (status?.uid === 0 && folder !== path);
    return status !== undefined && !isOwn;
  });
  if (other === undefined) return;
  throw new ConflictError('STORE_OF_ANOTHER', `use "${path}" for root, whose containers are uid `
    + `${own} on this machine: "${other}" belongs to uid ${statSync(other).uid}`, {
    hint: 'berth --root DIRECTORY --runroot DIRECTORY, which need not exist yet',
  });
}

/**
 * Gives an empty folder of root to the containers: root made it for them, by mkdir(1) or as a mount
 * point.
 */
function takeOverEmpty(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory() !== true || status.uid !== 0) return;
  if (foldersTo(path).some((folder) => statSync(folder).uid !== 0)) return;
  if (readdirSync(path).some((name) => name !== 'lost+found')) return;
  chownSync(path, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
}

/** All existing folders above a path, outermost first, with links resolved. */
function foldersTo(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(realPath(path)); ; folder = dirname(folder)) {
    if (existsSync(folder)) folders.unshift(folder);
    if (folder === '/') return folders;
  }
}

/** The path with links resolved, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return join(realPath(dirname(path)), basename(path));
  }
}
