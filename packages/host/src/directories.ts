/**
 * Where Berth keeps the files of a user: the XDG directories, and a run directory that is private
 * to the user and removed by a reboot.
 */
import { lstatSync, mkdirSync, statSync, type Stats } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { ConflictError, UnsupportedError } from '@berth/errors';
import { currentAccount } from './accounts.ts';
import { systemErrorFrom } from './system-error.ts';
import { isOutsider } from './own-namespace.ts';

/** Absolute paths; only `run` must exist. */
export interface Directories {
  /** Everything that lasts; the layout's version is in the path. */
  readonly data: string;
  readonly config: string;
  readonly cache: string;
  /** Pids, sockets and locks of running things: exists, 0700, owned by the user. */
  readonly run: string;
}

/** What decides the directories; defaults are those of this process. */
export interface DirectoryRequest {
  readonly environment?: NodeJS.ProcessEnv;
  readonly uid?: number;
  /** The caller is the machine's root. */
  readonly forRoot?: boolean;
  /** Replaces the data directory (`--root`). */
  readonly root?: string | undefined;
  /** Replaces the run directory (`--runroot`). */
  readonly runRoot?: string | undefined;
  /** Where a run directory is made when XDG_RUNTIME_DIR is not usable. */
  readonly fallbackParents?: readonly string[];
}

const LAYOUT_VERSION = 'v1';

/** The folders of the machine's root, whatever HOME and XDG variables say. */
export const ROOT_FOLDERS = {
  data: join('/var/lib/berth', LAYOUT_VERSION),
  run: '/run/berth',
} as const;

const FALLBACK_PARENTS = ['/run/user', '/dev/shm', '/tmp'];
const OTHERS_BITS = 0o077;
/** Podman makes XDG_RUNTIME_DIR 0711 for containers with an id map of their own. */
const OTHERS_BITS_BUT_PASSING = 0o066;
const OTHERS_WRITE = 0o002;

/** The XDG variables, and their defaults below the home. */
const HOME_FOLDERS: readonly [variable: string, below: string][] = [
  ['XDG_DATA_HOME', '.local/share'], ['XDG_CONFIG_HOME', '.config'], ['XDG_CACHE_HOME', '.cache'],
];

/** What execvp(3) searches where there is no PATH. */
const USUAL_PATH = '/bin:/usr/bin';

/**
 * Ignores variables with a relative folder, which would depend on the current directory: the XDG
 * base directory specification says so. A relative HOME is replaced by the account's home. PATH no
 * longer leads to the current folder, where others may have put programs, neither by "." nor by an
 * empty part as in "/usr/bin:".
 */
export function ignoreRelativeFolders(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of [...HOME_FOLDERS.map(([variable]) => variable), 'XDG_RUNTIME_DIR', 'HOME']) {
    if (isAbsolute(environment[name] ?? '/')) continue;
    delete environment[name];
    if (name === 'HOME') nameFolders(environment, currentAccount().home);
  }
  const folders = environment['PATH']?.split(':') ?? [];
  const absolute = folders.filter((folder) => isAbsolute(folder));
  if (absolute.length < folders.length) environment['PATH'] = absolute.join(':') || USUAL_PATH;
}

/** Bun continues to use the HOME that it was started with. */
function nameFolders(environment: NodeJS.ProcessEnv, home: string): void {
  environment['HOME'] = home;
  for (const [variable, below] of HOME_FOLDERS) environment[variable] ??= join(home, below);
}

/**
 * The directories of the calling user. Makes the run directory if it is missing. Throws an
 * UnsupportedError when no private run directory is possible.
 */
export function findDirectories(request: DirectoryRequest = {}): Directories {
  const environment = request.environment ?? process.env;
  const uid = request.uid ?? process.getuid?.() ?? 0;
  if (request.forRoot === true) return directoriesOfRoot(request, uid);
  const paths = envPaths('berth', { suffix: '' });
  const data = request.root === undefined ? join(paths.data, LAYOUT_VERSION)
    : resolve(request.root);
  requireOwn(data, '--root', uid);
  if (request.runRoot !== undefined) requireOwn(resolve(request.runRoot), '--runroot', uid);
  return {
    data,
    config: paths.config,
    cache: paths.cache,
    run: makeChosen(request.runRoot) ?? findRunDirectory({ environment, uid, request }),
  };
}

/** Root's own process only reads; new files belong to the id that it has become. */
function directoriesOfRoot({ root, runRoot }: DirectoryRequest, uid: number): Directories {
  const run = (uid === 0 ? runRoot : makeChosen(runRoot)) ?? ROOT_FOLDERS.run;
  if (uid !== 0 && runRoot === undefined && !makePrivate(run, uid)) {
    throw new UnsupportedError('NO_RUN_DIRECTORY', `use "${run}": it is not private to uid ${uid}, `
      + "which root's containers are", { hint: 'berth --runroot DIRECTORY' });
  }
  return {
    data: resolve(root ?? ROOT_FOLDERS.data),
    config: '/etc/berth',
    cache: join(run, 'cache'),
    run,
  };
}

/**
 * Throws ConflictError where another user could have made what is in the folder, or could replace
 * it: a container there would run with this user's rights. A group may write, since with a umask of
 * 002 its folders allow that. A folder of root, or of somebody whom this namespace doesn't know, is
 * a mount point or a volume.
 */
function requireOwn(folder: string, flag: string, uid: number): void {
  const status = statusOf(folder);
  if (status === undefined || uid === 0) return;
  const isOthers = status.uid !== uid && status.uid !== 0 && !isOutsider(status.uid)
    && status.uid !== statusOf(homedir())?.uid;
  if (!isOthers && (status.mode & OTHERS_WRITE) === 0) return;
  const reason = isOthers ? `it belongs to uid ${status.uid}` : 'all users may write to it';
  throw new ConflictError('FOLDER_OF_OTHERS', `use "${folder}": ${reason}`, {
    hint: `berth ${flag} ${join(folder, `berth-${uid}`)}, or another folder of your own`,
  });
}

/** Undefined also where this user may not look: nothing is used there. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function makeChosen(chosen: string | undefined): string | undefined {
  if (chosen === undefined) return undefined;
  const run = resolve(chosen);
  try {
    mkdirSync(run, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw systemErrorFrom(error, 'make directory', run);
  }
  return run;
}

interface RunDirectoryRequest {
  readonly environment: NodeJS.ProcessEnv;
  readonly uid: number;
  readonly request: DirectoryRequest;
}

function findRunDirectory({ environment, uid, request }: RunDirectoryRequest): string {
  const candidates: string[] = [];
  const runtime = environment['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime.startsWith('/')
    && isPrivate(runtime, uid, OTHERS_BITS_BUT_PASSING)) {
    candidates.push(join(runtime, 'berth'));
  }
  for (const parent of request.fallbackParents ?? FALLBACK_PARENTS) {
    candidates.push(
      parent === '/run/user' ? `/run/user/${uid}/berth` : join(parent, `berth-run-${uid}`),
    );
  }
  for (const path of candidates) {
    if (makePrivate(path, uid)) return path;
  }
  throw new UnsupportedError('NO_RUN_DIRECTORY', 'find run directory: none of the usual places ' +
    `is private to uid ${uid}: ${candidates.map((path) => `"${path}"`).join(', ')}`, {
    hint: 'export XDG_RUNTIME_DIR="$(mktemp -d)"',
  });
}

/** Makes `path` if it is missing. False if another user made it first, which can happen in /tmp. */
function makePrivate(path: string, uid: number): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
      return false;
    }
    if (code !== 'EEXIST') throw systemErrorFrom(error, 'make directory', path);
  }
  return isPrivate(path, uid);
}

/** A real directory, not a link, that belongs to `uid` and where nobody else has these rights. */
function isPrivate(path: string, uid: number, bits = OTHERS_BITS): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return false;
  return status.isDirectory() && status.uid === uid && (status.mode & bits) === 0;
}
