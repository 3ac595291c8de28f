/**
 * Runs programs as root of the user's namespace: unpack workers, tree removal, `unshare`. They
 * join the shared namespace through a live supervisor or make one that nobody else joins.
 */
import {
  spawn, spawnSync, type ChildProcess, type SpawnOptions, type StdioOptions,
} from 'node:child_process';
import { SystemError } from '@berth/errors';
import type { ContainerIds } from './container-ids.ts';
import type { IdMap, IdMaps } from './id-maps.ts';
import { complaintOf, helperEnvironment, nativeHelper, programCommand } from './native-helper.ts';

/** Which user namespace is entered, and how it is made when there is none. */
export interface EnterSettings {
  idMaps: IdMaps;
  keepersDirectory: string;
  /** Also make a mount namespace, whose mounts nobody else sees. */
  mountNamespace: boolean;
  /** The kernel makes no user namespace, and what works without one is done without. */
  withoutNamespace: boolean;
}

/** The helper's arguments that run `command` inside the user's namespace. */
export function enterArguments(settings: EnterSettings, command: readonly string[]): string[] {
  const mounts = settings.mountNamespace ? ['--mount-ns'] : [];
  return ['enter', ...namespaceFlags(settings), ...mounts, '--', ...command];
}

/** The helper's arguments that remove trees holding files of subordinate ids. */
export function removeArguments(settings: EnterSettings, paths: readonly string[]): string[] {
  return ['remove', ...namespaceFlags(settings), '--', ...paths];
}

/**
 * The helper's arguments that give files in the trees to the first id of containers, where their
 * owner is no id of containers.
 */
export function takeArguments(settings: EnterSettings, paths: readonly string[]): string[] {
  return ['take', ...namespaceFlags(settings), '--', ...paths];
}

/**
 * The helper's arguments that test what the file system of an empty folder supports, with the
 * kernel's overlay or with the program `fuseOverlayfs`.
 */
export function probeArguments(
  settings: EnterSettings,
  folder: string,
  fuseOverlayfs?: string,
): string[] {
  const program = fuseOverlayfs === undefined ? [] : ['--fuse-overlayfs', fuseOverlayfs];
  return ['probe', ...namespaceFlags(settings), ...program, '--', folder];
}

/** Layers merged into one tree, with the owners that a container's id map needs. */
export interface ShiftSettings {
  /** Undefined keeps the owners as they are. */
  ids: ContainerIds | undefined;
  /** Trees, top one first. */
  layers: readonly string[];
  /** An empty folder. */
  to: string;
  /**
   * The folder of all layers, from which overlay takes the content; undefined copies the content.
   */
  data: string | undefined;
  /** The tree is on the disk when the helper has ended. */
  isDurable: boolean;
}

/** The helper's arguments that make such a tree. */
export function shiftArguments(settings: EnterSettings, shift: ShiftSettings): string[] {
  const { ids, layers, to, data, isDurable } = shift;
  const flags = (name: string, maps: readonly IdMap[]): string[] =>
    maps.flatMap(({ inside, outside, count }) => [name, `${inside} ${outside} ${count}`]);
  return [
    'shift', ...namespaceFlags({ ...settings, withoutNamespace: false }),
    ...flags('--shift-uid', ids?.uids ?? []), ...flags('--shift-gid', ids?.gids ?? []),
    ...(isDurable ? ['--sync'] : []),
    '--', to, data ?? '', ...layers,
  ];
}

/** Throws the refusal of maps that the kernel does not allow, where a namespace is needed. */
function namespaceFlags(settings: EnterSettings): string[] {
  const { idMaps, keepersDirectory, withoutNamespace } = settings;
  if (!withoutNamespace && idMaps.refusal !== undefined) throw idMaps.refusal;
  const flags = [...(withoutNamespace ? ['--here'] : []), '--keepers', keepersDirectory];
  for (const { inside, outside, count } of idMaps.uids) {
    flags.push('--uid-map', `${inside} ${outside} ${count}`);
  }
  for (const { inside, outside, count } of idMaps.gids) {
    flags.push('--gid-map', `${inside} ${outside} ${count}`);
  }
  if (idMaps.helpers !== undefined) {
    flags.push('--map-helpers', idMaps.helpers.newuidmap, idMaps.helpers.newgidmap);
  }
  return flags;
}

/**
 * Runs the helper to its end and answers its output. Throws SystemError with the helper's message
 * when it does not exit with 0.
 */
export function runHelper(args: readonly string[], input?: Buffer): Buffer {
  const helper = nativeHelper();
  const result = spawnSync(helper, args, {
    env: helperEnvironment(),
    input: input ?? Buffer.alloc(0),
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error !== undefined) {
    throw new SystemError('HELPER_FAILED', `run "${helper}"`, { cause: result.error });
  }
  if (result.status !== 0) {
    const { message, hint } = complaintOf(result.stderr.toString('utf8'));
    throw new SystemError(
      'HELPER_FAILED', message || `berth-native ${args[0]}: exit status ${result.status}`, { hint },
    );
  }
  return result.stdout;
}

/**
 * A worker ends before the last tier of JavaScriptCore's compiler pays off; without this tier it
 * takes a tenth less time.
 */
const QUICK_TO_WARM = { BUN_JSC_useFTLJIT: '0' };

/**
 * Starts this program's worker as root of the user's namespace. The caller has to end the child.
 */
export function spawnWorker(
  settings: EnterSettings,
  worker: readonly string[],
  stdio: StdioOptions,
): ChildProcess {
  const command = [...programCommand(), '__worker', ...worker];
  const args = enterArguments(settings, command);
  return startHelper(args, { env: { ...helperEnvironment(), ...QUICK_TO_WARM }, stdio });
}

/**
 * Starts the helper. The caller has to end the child. Throws SystemError when no process starts.
 */
export function startHelper(args: readonly string[], options: SpawnOptions): ChildProcess {
  const helper = nativeHelper();
  let child: ChildProcess;
  try {
    child = spawn(helper, args, options);
  } catch (cause) {
    throw new SystemError('HELPER_FAILED', `run "${helper}"`, { cause });
  }
  if (child.pid !== undefined) return child;
  // Node reports the reason later, by this event; and such a child may have no pipes.
  child.on('error', () => undefined);
  throw new SystemError('HELPER_FAILED', `run "${helper}": no process could be started`, {
    hint: 'ulimit -n and ulimit -u show how many open files and processes are allowed',
  });
}
