/**
 * The ids of a container with a map of its own (`--userns`, `--uidmap`): extents from the
 * container's ids to those of the user's shared namespace, where 0 is the caller and 1 and up are
 * the subordinate ids. Pure.
 */
import { UnsupportedError, UsageError } from '@berth/errors';
import type { IdMap } from './id-maps.ts';

/** The uid and gid maps of a container; `outside` is an id of the user's shared namespace. */
export interface ContainerIds {
  readonly uids: readonly IdMap[];
  readonly gids: readonly IdMap[];
  /** No container with `--userns=auto` may get one of these ids as well. */
  readonly isExclusive?: boolean;
}

/** How many ids the shared namespace has, counted from 0. */
export function idCount(shared: readonly IdMap[]): number {
  return Math.max(...shared.map(({ inside, count }) => inside + count));
}

/**
 * Maps the caller to `id`. The other ids keep their order around it: 0 is the first subordinate id.
 */
export function keepIdMap(id: number, size: number): IdMap[] {
  const before = Math.min(id, size - 1);
  return [
    { inside: 0, outside: 1, count: before },
    { inside: id, outside: 0, count: 1 },
    { inside: id + 1, outside: id + 1, count: size - id - 1 },
  ].filter(({ count }) => count > 0);
}

/** Maps all subordinate ids, but not the caller. */
export function callerlessMap(size: number): IdMap[] {
  return [{ inside: 0, outside: 1, count: size - 1 }];
}

/**
 * The first block of `size` subordinate ids that no map of `taken` uses. Throws UnsupportedError
 * when there is none.
 */
export function freeMap(size: number, total: number, taken: readonly IdMap[]): IdMap[] {
  const sorted = [...taken].sort((a, b) => a.outside - b.outside);
  let start = 1;
  for (const { outside, count } of sorted) {
    if (outside >= start + size) break;
    start = Math.max(start, outside + count);
  }
  if (start + size > total) {
    throw new UnsupportedError('NO_FREE_IDS', `find ${size} ids that no container uses: ` +
      `there are ${total - 1} subordinate ids`, {
      hint: 'remove a container that was made with --userns=auto, or ask for a smaller size',
    });
  }
  return [{ inside: 0, outside: start, count: size }];
}

/** What the texts of a map refer to. */
export interface IdMapPlace {
  readonly shared: readonly IdMap[];
  /** The flag that gave them, for error messages. */
  readonly flag: string;
  readonly base?: readonly IdMap[];
}

/**
 * The map that `--uidmap` or `--gidmap` asks for: `CONTAINER:FROM[:COUNT]`. FROM is an id of the
 * shared namespace, or with `@` an id of the host. With `+` the entry is put over the default map;
 * a `base` is a map that all entries are put over. Throws UsageError for entries that are
 * malformed, overlap, or use ids that do not exist.
 */
export function parseIdMap(texts: readonly string[], place: IdMapPlace): IdMap[] {
  const { shared, flag, base } = place;
  const isOnTop = base !== undefined || texts.some((text) => /^[ug]*\+/.test(text));
  const all = { inside: 0, outside: 0, count: idCount(shared) };
  let maps: IdMap[] = isOnTop ? [...(base ?? [all])] : [];
  for (const text of texts) {
    const map = parseExtent(text, shared, flag);
    if (isOnTop) maps = maps.flatMap((other) => cutOut(other, map));
    const isDouble = maps.some((other) =>
      overlaps(other.inside, map.inside, [other.count, map.count])
      || overlaps(other.outside, map.outside, [other.count, map.count]));
    if (isDouble) {
      throw new UsageError('BAD_ID_MAP', `read ${flag} "${text}": its ids are mapped already`);
    }
    maps.push(map);
  }
  return maps.sort((a, b) => a.inside - b.inside);
}

function parseExtent(text: string, shared: readonly IdMap[], flag: string): IdMap {
  const match = /^[ug]*\+?[ug]*(\d{1,10}):(@?)(\d{1,10})(?::(\d{1,10}))?$/.exec(text);
  if (match === null) {
    throw new UsageError('BAD_ID_MAP', `read ${flag} "${text}": not CONTAINER:FROM[:COUNT]`, {
      hint: `0:1:1000, or with an id of the host: ${flag} +1000:@1000`,
    });
  }
  const count = Number(match[4] ?? 1);
  const from = Number(match[3]);
  const outside = match[2] === '@' ? sharedId(from, shared) : from;
  if (count < 1) throw new UsageError('BAD_ID_MAP', `read ${flag} "${text}": a map of no ids`);
  if (outside === undefined || outside + count > idCount(shared)) {
    throw new UsageError('BAD_ID_MAP', `read ${flag} "${text}": not among your ids`, {
      hint: 'berth info shows them: idMappings',
    });
  }
  return { inside: Number(match[1]), outside, count };
}

function sharedId(host: number, shared: readonly IdMap[]): number | undefined {
  const extent = shared.find(({ outside, count }) => host >= outside && host < outside + count);
  return extent === undefined ? undefined : extent.inside + (host - extent.outside);
}

function overlaps(a: number, b: number, [lengthA, lengthB]: [number, number]): boolean {
  return a < b + lengthB && b < a + lengthA;
}

/** The rest of `map` when the ids of `cut` are taken away on both sides. */
function cutOut(map: IdMap, cut: IdMap): IdMap[] {
  const bySide = (parts: IdMap[], side: 'inside' | 'outside'): IdMap[] =>
    parts.flatMap((part) => {
      const before = Math.max(0, Math.min(part.count, cut[side] - part[side]));
      const after = Math.max(0, Math.min(part.count, part[side] + part.count
        - (cut[side] + cut.count)));
      if (before + after >= part.count) return [part];
      const skip = part.count - after;
      return [
        { ...part, count: before },
        { inside: part.inside + skip, outside: part.outside + skip, count: after },
      ].filter(({ count }) => count > 0);
    });
  return bySide(bySide([map], 'inside'), 'outside');
}

/**
 * The same map, cut into extents that each lie in one extent of `shared`; the kernel takes no
 * others.
 */
export function splitMap(maps: readonly IdMap[], shared: readonly IdMap[]): IdMap[] {
  return maps.flatMap((map) => shared.flatMap((extent) => {
    const first = Math.max(map.outside, extent.inside);
    const end = Math.min(map.outside + map.count, extent.inside + extent.count);
    const inside = map.inside + (first - map.outside);
    return end > first ? [{ inside, outside: first, count: end - first }] : [];
  }));
}

/** A short text that is equal for equal maps, and only for them. */
export function containerIdsKey({ uids, gids }: ContainerIds): string {
  const text = (maps: readonly IdMap[]): string =>
    maps.map(({ inside, outside, count }) => `${inside}-${outside}-${count}`).join('_');
  return `u${text(uids)}g${text(gids)}`;
}
