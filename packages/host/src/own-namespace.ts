/**
 * The user namespace of this process. On the machine itself it has all ids, and 0 is the machine's
 * root. In a container it has the ids that the container got, under other numbers.
 */
import { readFileSync, statfsSync, statSync } from 'node:fs';
import type { IdRange } from './subordinate-ids.ts';

/** Which ids there are, and what this process may do with them. */
export interface OwnNamespace {
  /** False in a container: there are fewer ids than a machine has. */
  readonly isWhole: boolean;
  /** The ids, in the ranges that the kernel maps together, without those of the machine's root. */
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** The id of the machine's root here; undefined if it is not mapped. */
  readonly hostRoot: number | undefined;
  /** May map any of these ids into a namespace below, as newuidmap(1) does for others. */
  readonly mayMapIds: boolean;
  /** May map 0 into a namespace below (user_namespaces(7), Linux 5.12). */
  readonly mayMapRoot: boolean;
}

const ALL_IDS = 0xffffffff;
const WHOLE: readonly IdRange[] = [{ start: 1, count: ALL_IDS - 1 }];
const PROC_SUPER_MAGIC = 0x9fa0;
const OVERFLOW_ID = 65_534;
const CAP_SETGID = 6n;
const CAP_SETUID = 7n;
const CAP_SYS_ADMIN = 21n;
const CAP_SETFCAP = 31n;

/** One extent of a map, and the id of the parent namespace that it begins with. */
interface Extent extends IdRange {
  readonly outside: number;
}

/** What the kernel says of this process. */
export function readOwnNamespace(): OwnNamespace {
  const uids = parseMap(readFileSync('/proc/self/uid_map', 'utf8'));
  if (uids.some(({ count }) => count === ALL_IDS)) {
    // Such a map is possible only inside one like it, and so on up to the machine's own.
    return {
      isWhole: true,
      uids: WHOLE,
      gids: WHOLE,
      hostRoot: 0,
      mayMapIds: false,
      mayMapRoot: false,
    };
  }
  const gids = parseMap(readFileSync('/proc/self/gid_map', 'utf8'));
  const owner = machineRoot('/proc/sys');
  const hostRoot = idOf(owner.uid, uids);
  return {
    isWhole: false,
    uids: without(hostRoot, uids),
    gids: without(idOf(owner.gid, gids), gids),
    hostRoot,
    mayMapIds: mayMapIds(),
    mayMapRoot: capabilities('CapEff')(CAP_SETFCAP),
  };
}

/** Whether this process may map any ids of its namespace into a child namespace. */
export function mayMapIds(): boolean {
  const can = capabilities('CapEff');
  return can(CAP_SETUID) && can(CAP_SETGID);
}

/** The ids in both: the kernel maps no id that the caller's namespace lacks. */
export function commonIds(ranges: readonly IdRange[], there: readonly IdRange[]): IdRange[] {
  return ranges.flatMap((range) => there.flatMap((other) => {
    const start = Math.max(range.start, other.start);
    const end = Math.min(range.start + range.count, other.start + other.count);
    return end > start ? [{ start, count: end - start }] : [];
  }));
}

/** False if set-user-id root programs get fewer rights than they would on a machine. */
export function isRootMighty(): boolean {
  return capabilities('CapBnd')(CAP_SYS_ADMIN);
}

/** True for the overflow id: the shown owner of files whose owner has no id in this container. */
export function isOutsider(uid: number): boolean {
  return uid === OVERFLOW_ID && !readOwnNamespace().isWhole;
}

/** `INSIDE OUTSIDE COUNT` on each line (user_namespaces(7)). */
function parseMap(text: string): Extent[] {
  return text.split('\n').flatMap((line) => {
    const [start, outside, count] = line.trim().split(/ +/).map(Number);
    return start === undefined || outside === undefined || count === undefined
      ? [] : [{ start, outside, count }];
  }).sort((a, b) => a.start - b.start);
}

/**
 * The owner of /proc/sys is the machine's root in every namespace (proc_sys_make_inode()), whatever
 * its number here. If that can't be read, 0 is assumed.
 */
function machineRoot(path: string): { uid: number; gid: number } {
  const isProc = statfsSync(path).type === PROC_SUPER_MAGIC;
  return isProc ? statSync(path) : { uid: 0, gid: 0 };
}

/** Undefined for an id that is not mapped here: stat(2) shows the overflow id instead. */
function idOf(id: number, extents: readonly Extent[]): number | undefined {
  const extent = extents.find(({ start, count }) => id >= start && id < start + count);
  if (extent === undefined) return undefined;
  return id === OVERFLOW_ID && extent.outside + (id - extent.start) !== 0 ? undefined : id;
}

function without(id: number | undefined, extents: readonly Extent[]): IdRange[] {
  return extents.flatMap(({ start, count }): IdRange[] => {
    if (id === undefined || id < start || id >= start + count) return [{ start, count }];
    return [
      { start, count: id - start },
      { start: id + 1, count: start + count - id - 1 },
    ].filter((range) => range.count > 0);
  });
}

function capabilities(set: 'CapEff' | 'CapBnd'): (capability: bigint) => boolean {
  const status = readFileSync('/proc/self/status', 'utf8');
  const mask = BigInt(`0x${new RegExp(`^${set}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  return (capability) => ((mask >> capability) & 1n) === 1n;
}
