/**
 * The id maps of a user's containers. The full tier maps the caller to root and the subordinate
 * ranges to 1 and up; the single tier maps the caller alone. The host's uid 0 is never mapped.
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

/** What the maps are chosen from. */
export interface IdMapFacts {
  uid: number;
  gid: number;
  uidRanges: readonly { start: number; count: number }[];
  gidRanges: readonly { start: number; count: number }[];
  newuidmap: string | undefined;
  newgidmap: string | undefined;
}

/** The maps for these facts. As root it throws UnsupportedError. */
export function chooseIdMaps(facts: IdMapFacts): IdMaps {
  if (facts.uid === 0) {
    refuseRoot();
  }
  const { newuidmap, newgidmap } = facts;
  const ranged = facts.uidRanges.length > 0 && facts.gidRanges.length > 0;
  if (!ranged || newuidmap === undefined || newgidmap === undefined) {
    return {
      tier: 'single',
      uids: [{ inside: 0, outside: facts.uid, count: 1 }],
      gids: [{ inside: 0, outside: facts.gid, count: 1 }],
      helpers: undefined,
    };
  }
  return {
    tier: 'full',
    uids: [{ inside: 0, outside: facts.uid, count: 1 }, ...append(facts.uidRanges, 1)],
    gids: [{ inside: 0, outside: facts.gid, count: 1 }, ...append(facts.gidRanges, 1)],
    helpers: { newuidmap, newgidmap },
  };
}

/**
 * A mapped uid 0 could write host-global /proc/sys. With ids of a range instead nothing in a store
 * of uid 0 could be reached from inside: that takes a store of the range's, which there is not yet.
 */
function refuseRoot(): never {
  throw new UnsupportedError(
    'ROOT_CALLER',
    'map ids for "root": the host\'s uid 0 is never mapped, and containers are for ordinary users',
    { hint: 'run berth as an ordinary user: su - USER' },
  );
}

function append(ranges: readonly { start: number; count: number }[], first: number): IdMap[] {
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
