/**
 * How a container's files differ from its image's, or one image's from another's. An overlay's
 * upper folder holds all that changed; a tree that was copied is compared file by file.
 */
import type { BigIntStats } from 'node:fs';
import type { FileOwners } from './file-owners.ts';
import { linkTarget, MergedTree } from './merged-tree.ts';
import type { Found, MarkedFolder, MergedFile } from './merged-tree.ts';
import { below, splitPath } from './tree-path.ts';

/** One difference. The current directory is the one of the file, if the file exists. */
export type FileChange =
  | { readonly kind: 'added' | 'changed'; readonly file: MergedFile }
  | { readonly kind: 'deleted'; readonly path: string };

/** What is compared. */
export interface Comparison {
  /** The newer tree; the uppermost folder comes first. */
  readonly newer: readonly MarkedFolder[];
  readonly older: readonly MarkedFolder[];
  /**
   * True: `newer` lies over `older` and holds all changes; false: each tree is complete by itself.
   */
  readonly isOverlay: boolean;
  /** Mount points; they are left out if only the newer tree has them. */
  readonly mountPoints: readonly string[];
  /** Folders that are left out where only the newer tree has them, and nothing else in them. */
  readonly madeFolders: readonly string[];
}

/** All differences, directories before what is in them. */
export function* changedFiles(
  comparison: Comparison,
  owners: FileOwners,
): Generator<FileChange> {
  const { newer, older, isOverlay } = comparison;
  const tree = new MergedTree([...newer, ...older]);
  const sides = {
    newer: newer.map((_, index) => index),
    older: older.map((_, index) => newer.length + index),
    how: isOverlay ? 'overlay' : 'whole',
  } as const;
  try {
    yield* new Changes(tree, comparison, owners).below('', sides);
  } finally {
    tree.close();
  }
}

/** The folders that both trees merge a directory from. */
interface Sides {
  readonly newer: readonly number[];
  readonly older: readonly number[];
  readonly how: How;
}

/**
 * How to compare a directory. `overlay`: files that it does not hold have not changed. `opaque`:
 * files that it does not hold are removed, all others are new. `whole`: file by file.
 */
type How = 'overlay' | 'opaque' | 'whole';

class Changes {
  readonly #tree: MergedTree;
  readonly #owners: FileOwners;
  readonly #mountPoints: ReadonlySet<string>;
  readonly #parents: ReadonlySet<string>;
  readonly #madeFolders: ReadonlySet<string>;
  /**
   * Directories on the way that count only if something in them has changed: those that are as
   * they were, and `madeFolders`.
   */
  readonly #pending: { kind: 'added' | 'changed'; file: MergedFile }[] = [];

  constructor(tree: MergedTree, comparison: Comparison, owners: FileOwners) {
    const { mountPoints, madeFolders } = comparison;
    this.#tree = tree;
    this.#owners = owners;
    this.#mountPoints = new Set(mountPoints);
    this.#parents = new Set(mountPoints.map((path) => splitPath(path)[0]));
    this.#madeFolders = new Set(madeFolders);
  }

  *below(path: string, sides: Sides): Generator<FileChange> {
    const now = this.#tree.list(path, sides.newer);
    const before = this.#tree.list(path, sides.older);
    const names = new Set([...now.keys(), ...(sides.how === 'overlay' ? [] : before.keys())]);
    for (const name of [...names].sort()) {
      const place = below(path, name);
      const old = shownOf(before.get(name));
      const found = now.get(name);
      const isHere = found !== undefined && !found.isWhiteout;
      if (!isHere && old !== undefined) yield* this.#with({ kind: 'deleted', path: place });
      if (!isHere || (old === undefined && this.#mountPoints.has(place))) continue;
      const { status, folder } = found;
      if (!this.#tree.enter(folder, path)) continue;
      const file = { path: place, name, status, folder };
      yield* this.#change(file, { old, path, how: sides.how });
      if (!status.isDirectory()) continue;
      yield* this.below(place, {
        newer: found.folders,
        older: old?.status.isDirectory() === true ? old.folders : [],
        how: sides.how === 'overlay' && found.isClosed ? 'opaque' : sides.how,
      });
      if (this.#pending.at(-1)?.file === file) this.#pending.pop();
    }
  }

  *#change(
    file: MergedFile,
    { old, path, how }: { old: Found | undefined; path: string; how: How },
  ): Generator<FileChange> {
    const isCompared = how === 'whole' || (how === 'overlay' && this.#holdsMountPoint(file));
    if (old === undefined && this.#madeFolders.has(file.path)) {
      this.#pending.push({ kind: 'added', file });
    } else if (old === undefined) {
      yield* this.#with({ kind: 'added', file });
    } else if (!isCompared || !this.#isSame(file, old, path)) {
      yield* this.#with({ kind: 'changed', file });
    } else if (file.status.isDirectory()) {
      this.#pending.push({ kind: 'changed', file });
    }
  }

  /** A directory may have been made only to hold a mount point; that is no change of its own. */
  #holdsMountPoint({ path, status }: MergedFile): boolean {
    return status.isDirectory() && this.#parents.has(path);
  }

  /** The change, after the directories on the way to it. */
  *#with(change: FileChange): Generator<FileChange> {
    if (this.#pending.length > 0) {
      for (const { kind, file } of this.#pending.splice(0)) {
        const [parent] = splitPath(file.path);
        if (this.#tree.enter(file.folder, parent)) yield { kind, file };
      }
      if (change.kind !== 'deleted') {
        const [parent] = splitPath(change.file.path);
        if (!this.#tree.enter(change.file.folder, parent)) return;
      }
    }
    yield change;
  }

  /** Compares what a copy keeps: reading all content would take as long as copying it. */
  #isSame(file: MergedFile, old: Found, path: string): boolean {
    const { name, status } = file;
    const hasTime = this.#holdsMountPoint(file) || status.mtimeNs === old.status.mtimeNs;
    if (!hasTime || !isAlike(status, old.status)) return false;
    const owner = this.#owners.ownerOf(file);
    const target = status.isSymbolicLink() ? linkTarget(name) : '';
    if (!this.#tree.enter(old.folder, path)) return false;
    const before = this.#owners.ownerOf({ ...file, status: old.status, folder: old.folder });
    const hasTarget = !status.isSymbolicLink() || linkTarget(name) === target;
    return this.#tree.enter(file.folder, path) && hasTarget
      && owner.uid === before.uid && owner.gid === before.gid;
  }
}

function isAlike(a: BigIntStats, b: BigIntStats): boolean {
  return a.mode === b.mode && a.rdev === b.rdev && (a.isDirectory() || a.size === b.size);
}

function shownOf(found: Found | undefined): Found | undefined {
  return found === undefined || found.isWhiteout ? undefined : found;
}
