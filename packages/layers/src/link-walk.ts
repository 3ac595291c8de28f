/**
 * Finds where an entry's path leads: links on the way are followed here, component by component,
 * and stay below the root. So a canonical path without a link in it is what reaches the kernel.
 */
import { badArchive } from './limits.ts';
import { shown } from './tar-entry.ts';
import { below, splitPath } from './tree-path.ts';

/** The canonical path of the root. */
export const ROOT = '';

/** The most symbolic links on the way to one name, as in the kernel. */
const MOST_LINKS = 40;

/** What to do if a directory on the way is missing. */
export type Missing = 'make' | 'refuse';

/** A tree whose directories become known one by one. */
export interface WalkedTree {
  /** For errors: `unpack layer`. */
  readonly action: string;
  /** True for a directory that is known. */
  readonly isKnown: (path: string) => boolean;
  /** Makes `path` a known directory, or returns the target of the link that it is. */
  readonly enter: (path: string, missing: Missing) => string | undefined;
}

/** Resolves paths in one tree. Throws an IntegrityError for a chain of links without an end. */
export class LinkWalk {
  readonly #tree: WalkedTree;

  constructor(tree: WalkedTree) {
    this.#tree = tree;
  }

  /** The canonical path of a name; its last component is not followed. */
  name(components: readonly string[], missing: Missing): string {
    const base = components[components.length - 1];
    if (base === undefined) return ROOT;
    return below(this.directory(components.slice(0, -1), missing), base);
  }

  /** The canonical path of a directory, which is known from now on. */
  directory(components: readonly string[], missing: Missing): string {
    const path = components.join('/');
    return this.#tree.isKnown(path) ? path : this.#walk(components, missing);
  }

  #walk(components: readonly string[], missing: Missing): string {
    const { action, isKnown, enter } = this.#tree;
    const pending = [...components].reverse();
    let current = ROOT;
    let links = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '' || part === '.') continue;
      const next = part === '..' ? splitPath(current)[0] : below(current, part);
      const target = isKnown(next) ? undefined : enter(next, missing);
      if (target === undefined) {
        current = next;
        continue;
      }
      links += 1;
      if (links > MOST_LINKS) throw badArchive(`${action}: "${shown(next)}": too many links`);
      if (target.startsWith('/')) current = ROOT;
      pending.push(...target.split('/').reverse());
    }
    return current;
  }
}
