/**
 * Checks the folders that root binds into a container. Root in the container is an id that has
 * none of the rights of the machine's root, so a bind that nobody in the container could use is
 * refused beforehand.
 */
import {
  accessSync, closeSync, constants, lstatSync, openSync, realpathSync, statSync,
} from 'node:fs';
import type { ContainerRequest } from '@berth/bundle';
import { SystemError, UnsupportedError } from '@berth/errors';
import { giveToCaller, type Owner } from '@berth/host';
import { runHelper, takeArguments } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { closedFolder, mayNotEnter } from '../root-folders.ts';

/**
 * Throws UnsupportedError for paths that a container of the machine's root can't use. With `:U`, a
 * folder is given to the container first.
 */
export function prepareForRoot(engine: Engine, request: ContainerRequest): void {
  for (const mount of request.mounts) {
    if (mount.type === 'bind') prepareBind(engine, mount.source, mount.options.includes('U'));
  }
}

function prepareBind(engine: Engine, source: string, isGiven: boolean): void {
  const status = statSync(source, { throwIfNoEntry: false });
  if (status === undefined) return;
  const closed = closedFolder(source);
  if (closed !== undefined) {
    throw new UnsupportedError('BIND_CLOSED', `bind "${source}": ${mayNotEnter(closed)}`, {
      hint: `chmod o+x "${closed}", or use a volume: -v NAME:PATH`,
    });
  }
  if (isGiven) {
    runHelper(takeArguments(engine.enter, [source]));
    return;
  }
  const { uids } = engine.idMaps;
  const isOwn = uids.some(({ outside, count }) =>
    status.uid >= outside && status.uid < outside + count);
  if (isOwn || mayUse(source, status.isDirectory())) return;
  const { uid, gid } = engine.account;
  throw new UnsupportedError('BIND_CLOSED', `bind "${source}": root of the container is uid ${uid} `
    + `on this machine, who may not read it (owner ${status.uid}, mode `
    + `${(status.mode & 0o7777).toString(8)})`, {
    hint: hintFor(source, status.isDirectory(), { uid, gid }),
  });
}

/** Folders that programs of the machine live on, with all below them. */
const SYSTEM_TREES = /^\/(bin|boot|dev|etc|lib\w*|proc|root|run|sbin|sys|usr|var)(\/|$)/;
/** Folders of several users or programs, but not what is below them. */
const SHARED_FOLDERS = /^\/((home|media|mnt|opt|srv|tmp)?|home\/[^/]+)$/;

/** What belongs to the system or to a person is copied, never given away. */
function hintFor(source: string, isFolder: boolean, { uid, gid }: Owner): string {
  if (!isFolder) {
    return `bind a copy of it: install -m 600 -o ${uid} -g ${gid} "${source}" /srv/COPY`;
  }
  const path = realpathSync(source);
  const owner = `${uid}:${gid}`;
  if (SYSTEM_TREES.test(path) || SHARED_FOLDERS.test(path)) {
    return `bind a copy of it: cp -R "${source}" /srv/COPY && chown -R ${owner} /srv/COPY; `
      + 'or use a volume: -v NAME:PATH';
  }
  return `chown -R ${owner} "${source}", or let berth do it: -v ${source}:PATH:U`;
}

/** access(2) checks with the real uid, without the capabilities of this process. */
function mayUse(path: string, isFolder: boolean): boolean {
  try {
    accessSync(path, isFolder ? constants.R_OK | constants.X_OK : constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a file that belongs to root. It is written with the rights of the user who starts the
 * container (native/src/start.c).
 */
export function makePidFile(path: string): void {
  try {
    const file = openSync(path, 'wx', 0o644);
    giveToCaller(file);
    closeSync(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST' && lstatSync(path).isFile()) return;
    throw new SystemError('PIDFILE', `write "${path}"`, { cause });
  }
}
