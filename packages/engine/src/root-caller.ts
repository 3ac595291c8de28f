/**
 * The machine's root as the caller. Before a command opens or makes anything, its process becomes
 * the first id of root's range (berth-native become). It keeps only those of root's capabilities
 * that it needs for the files that root names. From there on it works as for a plain user with
 * that id.
 */
import { statSync } from 'node:fs';
import { UnsupportedError } from '@berth/errors';
import {
  actsForRoot, execve, findAccount, findRootIds, lineForRootIds, otherOwnerOf, readOwnNamespace,
  ROOT_CALLER,
} from '@berth/host';
import { helperEnvironment, nativeHelper, programCommand } from '@berth/isolation';
import { requireFoldersOfRoot, type ChosenFolders } from './root-folders.ts';

/** How a command is run for root. */
export interface RootCommand {
  /** The command is useful even where root has no ids for containers. */
  readonly mayStay: boolean;
  readonly preserveDescriptors: readonly number[];
  readonly folders: ChosenFolders;
}

const FOLDER_VARIABLES = [
  'XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR', 'DOCKER_CONFIG',
];

/**
 * For the machine's root, HOME and the XDG folders become root's own. sudo and su may keep those of
 * the user, where root must not write.
 */
export function keepToRootsFolders(): void {
  if ((process.getuid?.() !== 0 && !actsForRoot()) || !readOwnNamespace().isWhole) return;
  if (!isRoots(process.env['HOME'])) process.env['HOME'] = findAccount(0)?.home ?? '/root';
  for (const name of FOLDER_VARIABLES) {
    if (!isRoots(process.env[name])) delete process.env[name];
  }
}

function isRoots(folder: string | undefined): boolean {
  try {
    return folder !== undefined && statSync(folder).uid === 0;
  } catch {
    return false;
  }
}

/**
 * Returns only when this process may continue: its caller is not the machine's root, or it has
 * become root's id for containers. Throws UnsupportedError where root has no such ids, or they
 * belong to someone else.
 */
export function leaveRoot(command: RootCommand): void {
  if (actsForRoot()) {
    requireFoldersOfRoot(command.folders);
  } else if (process.getuid?.() === 0 && readOwnNamespace().isWhole) {
    become(command);
  }
}

function become({ mayStay, preserveDescriptors }: RootCommand): void {
  const ids = findRootIds();
  const [uid, gid] = [ids?.uids[0]?.start, ids?.gids[0]?.start];
  if (uid === undefined || gid === undefined) {
    if (mayStay) return;
    throw new UnsupportedError('ROOT_WITHOUT_IDS', 'map ids for "root": the host\'s uid 0 is never '
      + 'mapped, and /etc/subuid and /etc/subgid have no range for "root" or "containers"', {
      hint: lineForRootIds(),
    });
  }
  const other = otherOwnerOf(uid);
  if (other !== undefined) {
    if (mayStay) return;
    throw new UnsupportedError('ROOT_IDS_SHARED', `map ids for "root": uid ${uid}, with which the `
      + `range of "${ids?.owner}" in /etc/subuid begins, is also ${other}`, {
      hint: `sed -i '/^${ids?.owner}:/d' /etc/subuid /etc/subgid; ${lineForRootIds()}`,
    });
  }
  const [program = '', ...script] = programCommand();
  execve({
    path: nativeHelper(),
    argv: ['berth-native', 'become', String(uid), String(gid), program, program, ...script,
      ...process.argv.slice(2)],
    environment: { ...helperEnvironment(), [ROOT_CALLER]: '1' },
    keepDescriptors: preserveDescriptors,
  });
}
