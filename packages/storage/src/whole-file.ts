/**
 * Files that exist whole or not at all. Writers make them under a unique temporary name below
 * staging/, which names their owner so that collection recognizes a dead one, and rename them.
 */
import {
  chmodSync, chownSync, closeSync, constants, fsyncSync, linkSync, lstatSync, mkdirSync, openSync,
  readFileSync, readdirSync, readlinkSync, renameSync, statSync, symlinkSync, unlinkSync, writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { IntegrityError } from '@berth/errors';
import { loadSyscalls } from '@berth/host';
import { attempt, codeOf, ifThere, storeError, unless } from './fs-errors.ts';

/** Mode of every file: only the user may read it. */
export const PRIVATE_FILE = 0o600;
/** Mode of every directory that is not part of a container's tree. */
export const PRIVATE_DIRECTORY = 0o700;

/**
 * The directory exists, and its parents too; those that had to be made have mode 0700, and give
 * nothing of the folder around them to what is made in them.
 */
export function ensureDirectory(path: string): void {
  attempt('make directory', path, () => {
    const first = mkdirSync(path, { recursive: true, mode: PRIVATE_DIRECTORY });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) dropInheritance(made);
  });
}

/**
 * The directory has the user's group, no set-group-id bit and no ACL, where the file system allows
 * that. A group that no container has, or an ACL, would show in layers and in containers.
 */
function dropInheritance(directory: string): void {
  const { uid, gid } = statSync(directory);
  const own = process.getegid?.() ?? gid;
  if (gid !== own) unless(['EPERM', 'EINVAL'], () => chownSync(directory, uid, own));
  chmodSync(directory, PRIVATE_DIRECTORY);
  const { lremovexattr } = loadSyscalls();
  for (const acl of ['default', 'access']) lremovexattr(directory, `system.posix_acl_${acl}`);
}

/** A new file with `content`; throws when the name is taken. `durable` waits for the disk. */
export function writeNewFile(
  path: string,
  content: string | Uint8Array,
  durability: 'durable' | 'fast' = 'fast',
): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  attempt('write', path, () => {
    const fd = openSync(path, 'wx', PRIVATE_FILE);
    try {
      writeAll(fd, bytes);
      if (durability === 'durable') fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** All of `bytes` is written: a single write(2) may take only a part. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(fd, bytes, offset);
}

/** What was at `temporary` is now at `path`, and replaces what was there. */
export function moveInto(temporary: string, path: string): void {
  try {
    renameSync(temporary, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw storeError(error, 'write', path);
    ensureDirectory(dirname(path));
    attempt('write', path, () => renameSync(temporary, path));
  }
}

/** False if `target` is already a directory that is not empty; else `source` has moved there. */
export function renameUnlessTaken(source: string, target: string): boolean {
  try {
    renameSync(source, target);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
    throw storeError(error, 'store', target);
  }
}

/** A symlink at `path` with `target`: false when the name is taken. Makes missing parents. */
export function reserveLink(path: string, target: string): boolean {
  const link = (): boolean => {
    symlinkSync(target, path);
    return true;
  };
  return attempt('reserve', path, () => {
    try {
      return unless(['EEXIST'], link) ?? false;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      ensureDirectory(dirname(path));
      return unless(['EEXIST'], link) ?? false;
    }
  });
}

/** The target of the symlink, or undefined when there is none. */
export function readLink(path: string): string | undefined {
  return attempt('read link', path, () =>
    unless(['ENOENT', 'ENOTDIR', 'EINVAL', 'ENAMETOOLONG'], () => readlinkSync(path)));
}

/**
 * Removes the symlink at `path` if `isUnwanted` holds for its target; true when it is removed. No
 * system call does this, so the link is moved away first and read there. Whoever makes the target
 * wanted reads the link afterwards, so one of the two sees the other. If somebody sets a new link
 * meanwhile, that is newer, and the old one is not put back.
 */
export function unlinkIf(
  path: string,
  aside: string,
  isUnwanted: (target: string) => boolean,
): boolean {
  const seen = readLink(path);
  if (seen === undefined || !isUnwanted(seen)) return false;
  ensureDirectory(dirname(aside));
  return attempt('remove', path, () => {
    if (ifThere(() => (renameSync(path, aside), true)) === undefined) return false;
    const isGone = isUnwanted(readlinkSync(aside));
    if (!isGone) unless(['EEXIST'], () => linkSync(aside, path));
    unlinkSync(aside);
    return isGone;
  });
}

/**
 * The bytes of a file, or undefined when it does not exist. What is no regular file counts as
 * empty: a pipe in a damaged store must not make a command wait. Throws an IntegrityError if the
 * file may not be read: this package writes files that its user can read, so it is damaged.
 */
export function readIfThere(path: string): Buffer | undefined {
  return attempt('read', path, () => {
    try {
      return ifThere(() => unless(NO_FILE, () => readWithoutWaiting(path)) ?? Buffer.alloc(0));
    } catch (error) {
      throw codeOf(error) === 'EACCES' ? unreadable(path, error) : error;
    }
  });
}

const NO_FILE = ['EISDIR', 'ELOOP', 'ENXIO'];

function unreadable(path: string, cause: unknown): IntegrityError {
  return new IntegrityError('UNREADABLE', `read "${path}": permission denied`, {
    hint: `ls -ld "${dirname(path)}" "${path}"; berth system check --repair`,
    details: { path }, cause,
  });
}

/** The result of `action`, or undefined when the data that it reads is damaged. */
export function unlessDamaged<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}

function readWithoutWaiting(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The names in a directory; none when it is not there. */
export function listDirectory(path: string): string[] {
  return attempt('list', path, () => ifThere(() => readdirSync(path))) ?? [];
}

/** Like listDirectory(), for a folder whose entries may be removed: empty when it is a link. */
export function listOwnDirectory(path: string): string[] {
  const status = attempt('look at', path, () => ifThere(() => lstatSync(path)));
  return status?.isDirectory() === true ? listDirectory(path) : [];
}

/** A JSON file written by this package, or undefined when it is not there. */
export function readRecord<T extends { version: 1 }>(path: string): T | undefined {
  const bytes = readIfThere(path);
  if (bytes === undefined) return undefined;
  return parseRecord<T>(bytes.toString(), path);
}

/** Throws an IntegrityError for text that is no record of version 1. */
function parseRecord<T extends { version: 1 }>(text: string, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damagedRecord(path, cause);
  }
  if ((value as { version?: unknown } | null)?.version !== 1) throw damagedRecord(path, undefined);
  return value as T;
}

function damagedRecord(path: string, cause: unknown): IntegrityError {
  return new IntegrityError('DAMAGED_RECORD', `read "${path}": not a record of version 1`, {
    hint: 'remove the object it belongs to (berth rm --force, berth rmi --force) and make it again',
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
