/**
 * The id maps of a user's containers. The full tier maps the caller to root and the subordinate
 * ranges to 1 and up; the single tier maps only the caller. Root of a container needs no ranges:
 * it may map all ids of that container. The machine's root is never mapped: its containers have
 * ids of root's ranges only, and root in them is the first of these ids.
 */
import { UnsupportedError } from '@berth/errors';

/** One extent of /proc/PID/uid_map. */
export interface IdMap {
  inside: number;
  outside: number;
  count: number;
}

/** The id maps of a user's containers. */
export interface IdMaps {
  tier: 'full' | 'single';
  uids: IdMap[];
  gids: IdMap[];
  /** The set-id programs that write the maps; undefined writes them directly. */
  helpers: { newuidmap: string; newgidmap: string } | undefined;
  /** Why the kernel does not allow these maps, where that is known beforehand. */
  refusal?: UnsupportedError;
}

interface Range {
  readonly start: number;
  readonly count: number;
}

/** What the maps are chosen from. */
export interface IdMapFacts {
  uid: number;
  gid: number;
  /** The caller was the machine's root and has become the first of its subordinate ids. */
  forRoot: boolean;
  /** The subordinate ids that also exist in the caller's namespace. */
  uidRanges: readonly Range[];
  gidRanges: readonly Range[];
  newuidmap: string | undefined;
  newgidmap: string | undefined;
  /** The user namespace of the caller: that of the machine, or of a container. */
  namespace: {
    /** The ids that exist in it, without the host's root. */
    readonly uids: readonly Range[];
    readonly gids: readonly Range[];
    /** The number that the host's root has in this namespace. */
    readonly hostRoot: number | undefined;
    readonly mayMapIds: boolean;
    readonly mayMapRoot: boolean;
  };
}

/** The maps for these facts. Throws UnsupportedError where the uid is that of the host's root. */
export function chooseIdMaps(facts: IdMapFacts): IdMaps {
  const { uid, gid, namespace, newuidmap, newgidmap } = facts;
  if (uid === namespace.hostRoot) refuseRoot();
  if (uid === 0) return mapsOfNestedRoot(facts);
  if (facts.forRoot) return mapsForRoot(facts);
  const [uids, gids] = [appended(facts.uidRanges, 1), appended(facts.gidRanges, 1)];
  const own = {
    uids: [{ inside: 0, outside: uid, count: 1 }],
    gids: [{ inside: 0, outside: gid, count: 1 }],
  };
  const isRanged = uids.length > 0 && gids.length > 0;
  if (!isRanged || newuidmap === undefined || newgidmap === undefined) {
    return { tier: 'single', ...own, helpers: undefined };
  }
  return {
    tier: 'full',
    uids: [...own.uids, ...uids],
    gids: [...own.gids, ...gids],
    helpers: { newuidmap, newgidmap },
  };
}

/**
 * A mapped uid 0 of the host could write to /proc/sys, which is global, and to files that only the
 * machine's root may change.
 */
function refuseRoot(): never {
  throw new UnsupportedError(
    'ROOT_CALLER',
    'map ids for "root": this is the machine\'s root under another number or in a container, and '
      + 'the host\'s uid 0 is never mapped',
    { hint: 'run berth as root of the machine itself, or as an ordinary user: su - USER' },
  );
}

/**
 * The caller writes these maps itself, since it has the right: for its id newuidmap(1) has no
 * ranges.
 */
function mapsForRoot({ uidRanges, gidRanges }: IdMapFacts): IdMaps {
  const [uids, gids] = [appended(uidRanges, 0), appended(gidRanges, 0)];
  return { tier: 'full', uids, gids, helpers: undefined };
}

/**
 * The ids keep the numbers that they have in the caller's namespace, so that a store can be read
 * from inside and outside.
 */
function mapsOfNestedRoot({ gid, namespace }: IdMapFacts): IdMaps {
  const all = ({ start, count }: Range): IdMap => ({ inside: start, outside: start, count });
  const own = (id: number): IdMap[] => [{ inside: 0, outside: id, count: 1 }];
  const [uids, gids] = [namespace.uids.map(all), namespace.gids.map(all)];
  const isMany = namespace.mayMapIds && idSum(uids) > 1 && idSum(gids) > 1 && hasRoot(gids);
  const refusal = namespace.mayMapRoot ? {} : { refusal: withoutSetfcap() };
  return isMany
    ? { tier: 'full', uids, gids, helpers: undefined, ...refusal }
    : { tier: 'single', uids: own(0), gids: own(gid), helpers: undefined, ...refusal };
}

function withoutSetfcap(): UnsupportedError {
  return new UnsupportedError('NO_SETFCAP',
    'map ids for "root" of this container: it has not the capability SETFCAP', {
      hint: 'start this container with --cap-add SETFCAP, or run berth as an ordinary user in it',
    });
}

function hasRoot(maps: readonly IdMap[]): boolean {
  return maps.some(({ inside }) => inside === 0);
}

function idSum(maps: readonly IdMap[]): number {
  return maps.reduce((sum, { count }) => sum + count, 0);
}

function appended(ranges: readonly Range[], first: number): IdMap[] {
  let inside = first;
  return ranges.map(({ start, count }) => {
    const extent = { inside, outside: start, count };
    inside += count;
    return extent;
  });
}

/**
 * A short text that is equal for equal maps, and only for them. A store keeps it to know the maps
 * under which its trees were written.
 */
export function idMapKey({ uids, gids }: IdMaps): string {
  const extents = (maps: readonly IdMap[]): string =>
    maps.map(({ inside, outside, count }) => `${inside}:${outside}:${count}`).join(',');
  return `u${extents(uids)};g${extents(gids)}`;
}
