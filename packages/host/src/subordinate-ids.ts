/**
 * Subordinate ids: which ranges /etc/subuid and /etc/subgid give to a user, and whether the two
 * set-id helpers that map them are there. Ranges are checked here as well as by the helpers.
 */
import { statSync, type Stats } from 'node:fs';
import { delimiter, join } from 'node:path';
import { lookUpFileCapability } from './file-capability.ts';
import { textIfThere } from './text-if-there.ts';

/** `count` ids from `start`. */
export interface IdRange {
  readonly start: number;
  readonly count: number;
}

/** A range, and the name or uid of its owner. */
export interface OwnedIdRange extends IdRange {
  readonly owner: string;
  readonly kind: 'uid' | 'gid';
}

/** The ranges of one user; empty lists where none are given. */
export interface SubordinateIds {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** Absolute paths of the helpers. */
export interface MapHelpers {
  readonly newuidmap: string;
  readonly newgidmap: string;
}

/** 2^32 - 1 is no id: chown(2) reads it as "leave alone". */
const LARGEST_ID = 0xfffffffe;
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/run/wrappers/bin';
const SET_UID = 0o4000;
const EXECUTABLE = 0o111;

/** The ranges for an account, found by its name and by its uid, in the files' order. */
export function findSubordinateIds(account: { name: string; uid: number }): SubordinateIds {
  return {
    uids: parseSubordinateIds(textIfThere('/etc/subuid'), account),
    gids: parseSubordinateIds(textIfThere('/etc/subgid'), account),
  };
}

/**
 * The ranges of a subuid(5) text for an account. Lines that are malformed, empty, below 1, or
 * reach beyond the last id are left out, as are ranges that overlap an earlier one.
 */
export function parseSubordinateIds(
  text: string,
  account: { name: string; uid: number },
): IdRange[] {
  const ranges: IdRange[] = [];
  for (const { owner, ...range } of parseLines(text)) {
    if (owner !== account.name && owner !== String(account.uid)) continue;
    if (isValid(range) && !ranges.some((other) => overlaps(range, other))) ranges.push(range);
  }
  return ranges;
}

/** Every range of /etc/subuid and /etc/subgid, of all users. */
export function allSubordinateIds(): OwnedIdRange[] {
  return (['uid', 'gid'] as const).flatMap((kind) =>
    parseLines(textIfThere(`/etc/sub${kind}`)).map((range) => ({ ...range, kind })));
}

function parseLines(text: string): (IdRange & { owner: string })[] {
  return text.split('\n').flatMap((line) => {
    const [, owner, first, length] = /^([^:#][^:]*):(\d{1,10}):(\d{1,10})\s*$/.exec(line) ?? [];
    return owner === undefined ? [] : [{ owner, start: Number(first), count: Number(length) }];
  });
}

/**
 * The helpers, if both exist and can work. Either they are set-user-id root, and root has all
 * capabilities (`rootIsMighty`); or they have the matching file capability, and the caller stays
 * the owner of the namespace. PATH is searched after the system's directories.
 */
export function findMapHelpers(
  rootIsMighty: boolean,
  searchPath = process.env['PATH'] ?? '',
): MapHelpers | undefined {
  const directories = [...SYSTEM_PATH.split(':'), ...searchPath.split(delimiter)];
  const newuidmap = findHelper('newuidmap', { directories, rootIsMighty });
  const newgidmap = findHelper('newgidmap', { directories, rootIsMighty });
  if (newuidmap === undefined || newgidmap === undefined) return undefined;
  return { newuidmap, newgidmap };
}

interface Search {
  directories: readonly string[];
  rootIsMighty: boolean;
}

function findHelper(name: string, { directories, rootIsMighty }: Search): string | undefined {
  const capability = name === 'newuidmap' ? 'setuid' : 'setgid';
  for (const directory of directories) {
    if (!directory.startsWith('/')) continue;
    const path = join(directory, name);
    const status = statusOf(path);
    if (status === undefined || !status.isFile() || (status.mode & EXECUTABLE) === 0) continue;
    const isSetUid = status.uid === 0 && (status.mode & SET_UID) !== 0;
    if (isSetUid ? rootIsMighty : lookUpFileCapability(path, capability)) return path;
  }
  return undefined;
}

/** Also undefined if a folder of PATH may not be entered. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isValid({ start, count }: IdRange): boolean {
  return start >= 1 && count >= 1 && start + count - 1 <= LARGEST_ID;
}

function overlaps(left: IdRange, right: IdRange): boolean {
  return left.start < right.start + right.count && right.start < left.start + left.count;
}
