/**
 * The machine's root as the caller. Root's uid is never mapped. Root's containers, their root
 * included, have ids of a range that belongs to root, and the program runs as the first id of this
 * range.
 */
import { statSync } from 'node:fs';
import { ROOT_FOLDERS } from './directories.ts';
import { mayMapIds, readOwnNamespace } from './own-namespace.ts';
import {
  allSubordinateIds, findSubordinateIds, type IdRange, type OwnedIdRange, type SubordinateIds,
} from './subordinate-ids.ts';
import { readAccounts, type Account } from './accounts.ts';

/** Set for the program that root's process becomes; believed only if the process has the rights. */
export const ROOT_CALLER = 'BERTH_ROOT_CALLER';

/** Users whose ranges root's containers may use, the first found; `containers` is Podman's name. */
export const ROOT_RANGE_OWNERS = ['root', 'containers'] as const;

const ENOUGH_IDS = 65_536;
const FIRST_ID = 100_000;
const LAST_ID = 0xfffffffe;

/** The ranges, and the name that they are given to. */
export interface RootIds extends SubordinateIds {
  readonly owner: (typeof ROOT_RANGE_OWNERS)[number];
}

/** True if this process was root's, and has become the first of root's subordinate ids. */
export function actsForRoot(): boolean {
  return process.env[ROOT_CALLER] !== undefined && process.getuid?.() !== 0 && mayMapIds()
    && readOwnNamespace().isWhole;
}

/**
 * True for a command in root's `unshare`, where root of the namespace owns root's store. False for
 * a process that merely sets the variable.
 */
export function isBelowRoot(): boolean {
  if (process.env[ROOT_CALLER] === undefined || process.getuid?.() !== 0) return false;
  const store = statSync(ROOT_FOLDERS.data, { throwIfNoEntry: false });
  return store?.uid === 0 && !readOwnNamespace().isWhole;
}

/** The ranges for root's containers; undefined if uids or gids are missing. */
export function findRootIds(): RootIds | undefined {
  const found = ROOT_RANGE_OWNERS.map((owner) => ({ owner, ...findSubordinateIds(named(owner)) }));
  return found.find(({ uids, gids }) => uids.length > 0 && gids.length > 0);
}

function named(owner: (typeof ROOT_RANGE_OWNERS)[number]): { name: string; uid: number } {
  return { name: owner, uid: owner === 'root' ? 0 : -1 };
}

/**
 * Describes another user who has the id that root's store belongs to, and so could change the
 * store.
 */
export function otherOwnerOf(uid: number): string | undefined {
  const account = readAccounts().find((other) => other.uid === uid);
  if (account !== undefined) return `the uid of "${account.name}"`;
  const mine: readonly string[] = [...ROOT_RANGE_OWNERS, '0'];
  const range = allSubordinateIds().find(({ owner, kind, start, count }) =>
    kind === 'uid' && !mine.includes(owner) && uid >= start && uid < start + count);
  return range === undefined ? undefined : `a subordinate uid of "${range.owner}"`;
}

/** 65,536 ids that no user has, from 100,000 on. */
export function freeIds(
  ranges: readonly OwnedIdRange[] = allSubordinateIds(),
  accounts: readonly Account[] = readAccounts(),
): IdRange {
  const taken = [...ranges, ...accounts.map(({ uid }) => ({ start: uid, count: 1 }))]
    .sort((a, b) => a.start - b.start);
  let start = FIRST_ID;
  for (const other of taken) {
    if (other.start < start + ENOUGH_IDS && start < other.start + other.count) {
      start = other.start + other.count;
    }
  }
  return { start: Math.min(start, LAST_ID - ENOUGH_IDS), count: ENOUGH_IDS };
}

/** The line that gives root these ids, for an administrator to type. */
export function lineForRootIds({ start, count }: IdRange = freeIds()): string {
  return `echo 'containers:${start}:${count}' | tee -a /etc/subuid /etc/subgid`;
}
