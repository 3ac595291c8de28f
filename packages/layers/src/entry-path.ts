/**
 * From the names in an archive to paths below the layer's root: cleaned, checked, and split.
 * Purely about strings; links are the business of layer-tree.ts.
 */
import { badArchive } from './limits.ts';
import { shown } from './tar-entry.ts';

/** A name with this prefix hides the file whose name follows it. */
export const WHITEOUT_PREFIX = '.wh.';
const WHITEOUT_NOTE_PREFIX = '.wh..wh.';
/** Hides everything that lower layers have in its directory. */
export const OPAQUE_MARK = '.wh..wh..opq';

/** What a name asks for. Paths are relative to the root, without `.` or empty components. */
export type EntryTarget =
  /** An ordinary entry; an empty path is the root itself. */
  | { readonly kind: 'entry'; readonly components: readonly string[] }
  /** Hides what lower layers have at this path. */
  | { readonly kind: 'whiteout'; readonly components: readonly string[] }
  /** Hides what lower layers have in this directory. */
  | { readonly kind: 'opaque'; readonly components: readonly string[] }
  /** Notes of the aufs driver: part of the archive, never of the tree. */
  | { readonly kind: 'note' };

/**
 * The components of a name. A leading slash is dropped, as every tar does; `..` is refused
 * wherever it stands, because readers differ on what it means. Throws an IntegrityError.
 */
export function splitName(name: string): string[] {
  const components = name.split('/').filter((part) => part !== '' && part !== '.');
  if (components.includes('..')) {
    throw badArchive(`unpack layer: entry "${shown(name)}": ".." in a name`);
  }
  return components;
}

/** What an entry's name asks for. Throws an IntegrityError for whiteouts that name nothing. */
export function entryTarget(name: string): EntryTarget {
  const components = splitName(name);
  if (!name.includes(WHITEOUT_PREFIX)) return { kind: 'entry', components };
  const parents = components.slice(0, -1);
  const base = components[components.length - 1] ?? '';
  if (base === OPAQUE_MARK && parents.every(isPlain)) {
    return { kind: 'opaque', components: parents };
  }
  if (components.some((part) => part.startsWith(WHITEOUT_NOTE_PREFIX))) return { kind: 'note' };
  if (!parents.every(isPlain)) {
    throw badArchive(`unpack layer: entry "${shown(name)}": a whiteout as directory`);
  }
  if (isPlain(base)) return { kind: 'entry', components };
  const hidden = base.slice(WHITEOUT_PREFIX.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw badArchive(`unpack layer: entry "${shown(name)}": a whiteout of nothing`);
  }
  return { kind: 'whiteout', components: [...parents, hidden] };
}

function isPlain(component: string): boolean {
  return !component.startsWith(WHITEOUT_PREFIX);
}
