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
}

interface Range {
  readonly start: number;
  readonly count: number;
}

/** What the maps are chosen from. */
export interface IdMapFacts {
  uid: number;
  gid: number;
  /** The caller was the machine's root and has become the first of the ids. */
  forRoot: boolean;
  /** Subordinate ids that the caller's namespace has. */
  uidRanges: readonly Range[];
  gidRanges: readonly Range[];
  newuidmap: string | undefined;
  newgidmap: string | undefined;
  /** The user namespace of the caller: that of the machine, or of a container. */
  namespace: {
    /** The ids that there are, without the host's root. */
    readonly uids: readonly Range[];
    readonly gids: readonly Range[];
    /** The host's root, by its name here. */
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

/** A mapped uid 0 could write host-global /proc/sys, and files that only the machine's root may. */
function refuseRoot(): never {
  throw new UnsupportedError(
    'ROOT_CALLER',
    'map ids for "root": this is the machine\'s root under another number or in a container, and '
      + 'the host\'s uid 0 is never mapped',
    { hint: 'run berth as root of the machine itself, or as an ordinary user: su - USER' },
  );
}

/** Written by the caller itself, who has the right: newuidmap(1) knows no ranges of its id. */
function mapsForRoot({ uidRanges, gidRanges }: IdMapFacts): IdMaps {
  const [uids, gids] = [appended(uidRanges, 0), appended(gidRanges, 0)];
  return { tier: 'full', uids, gids, helpers: undefined };
}

/** Under the numbers that they have already, so that a store can be looked at from both sides. */
function mapsOfNestedRoot({ gid, namespace }: IdMapFacts): IdMaps {
  if (!namespace.mayMapRoot) {
    throw new UnsupportedError('NO_SETFCAP', 'map ids for "root" of this container: it has not the '
      + 'capability SETFCAP', {
      hint: 'start this container with --cap-add SETFCAP, or run berth as an ordinary user in it',
    });
  }
  const all = ({ start, count }: Range): IdMap => ({ inside: start, outside: start, count });
  const own = (id: number): IdMap[] => [{ inside: 0, outside: id, count: 1 }];
  const [uids, gids] = [namespace.uids.map(all), namespace.gids.map(all)];
  const isMany = namespace.mayMapIds && idSum(uids) > 1 && idSum(gids) > 1 && hasRoot(gids);
  return isMany
    ? { tier: 'full', uids, gids, helpers: undefined }
    : { tier: 'single', uids: own(0), gids: own(gid), helpers: undefined };
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

/** A short text that is equal exactly for equal maps: what a store's trees were written under. */
export function idMapKey({ uids, gids }: IdMaps): string {
  const extents = (maps: readonly IdMap[]): string =>
    maps.map(({ inside, outside, count }) => `${inside}:${outside}:${count}`).join(',');
  return `u${extents(uids)};g${extents(gids)}`;
}
