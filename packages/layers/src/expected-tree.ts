/**
 * The tree that an archive makes, in memory: what layer-tree.ts does to the disk, done to nodes.
 * Checking a layer compares the two. Paths are canonical byte strings; '' is the root.
 */
import { OPAQUE_MARK, WHITEOUT_PREFIX } from './entry-path.ts';
import { badArchive } from './limits.ts';
import type { DirectoryAttributes } from './layer-tree.ts';
import { LinkWalk, ROOT, type Missing } from './link-walk.ts';
import type { DataSegment } from './tar-entry.ts';
import { shown } from './tar-entry.ts';
import { below, splitPath } from './tree-path.ts';

/** Kinds of files that a layer's tree holds. */
export type NodeKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'whiteout';

/** One file; names that are hard links of each other share it. */
export interface ExpectedNode {
  readonly kind: NodeKind;
  /** Undefined if no entry describes it: implied directories, whiteouts. */
  attributes: DirectoryAttributes | undefined;
  /** How many names it has. */
  names: number;
  /** Target of a symbolic link. */
  readonly target: string;
  readonly sizeBytes: number;
  /** Where a file's bytes are, and their hash; undefined for an empty file. */
  payload: ExpectedPayload | undefined;
  /** Of directories: names and what is there. */
  readonly children: Map<string, ExpectedNode>;
  /** Of directories: lower layers are hidden. */
  isOpaque: boolean;
}

/** The payload of a file, as its recipe knows it. */
export interface ExpectedPayload {
  readonly sizeBytes: number;
  readonly sha256: Buffer;
  /** Empty for a file without holes. */
  readonly segments: readonly DataSegment[];
}

/** A new node, not in the tree yet. */
export function newNode(
  kind: NodeKind,
  parts: Partial<Pick<ExpectedNode, 'attributes' | 'target' | 'sizeBytes'>> = {},
): ExpectedNode {
  return {
    kind, attributes: parts.attributes, names: 0, target: parts.target ?? '',
    sizeBytes: parts.sizeBytes ?? 0, payload: undefined, children: new Map(), isOpaque: false,
  };
}

function newMark(): ExpectedNode {
  return { ...newNode('file'), names: 1 };
}

/** The tree; starts with an empty root. */
export class ExpectedTree {
  readonly #directories = new Map<string, ExpectedNode>([[ROOT, newNode('directory')]]);
  readonly #walk = new LinkWalk({
    action: 'check layer',
    isKnown: (path) => this.#directories.has(path),
    enter: (path, missing) => this.#enter(path, missing),
  });

  /** Every directory by its path, parents before their children. */
  get directories(): ReadonlyMap<string, ExpectedNode> {
    return this.#directories;
  }

  get(path: string): ExpectedNode | undefined {
    if (path === ROOT) return this.#directories.get(ROOT);
    const [parent, name] = splitPath(path);
    return this.#directories.get(parent)?.children.get(name);
  }

  /** Where a new entry goes; missing parents are made. */
  place(components: readonly string[]): string {
    return this.#walk.name(components, 'make');
  }

  /** What a hard link means. */
  existing(components: readonly string[]): string {
    return this.#walk.name(components, 'refuse');
  }

  /** `node` is at `path`, in place of what was there. */
  put(path: string, node: ExpectedNode): void {
    this.clear(path);
    const [parent, name] = splitPath(path);
    this.#directories.get(parent)?.children.set(name, node);
    node.names += 1;
  }

  /** A directory is at `path`; one that was there stays. */
  putDirectory(path: string): ExpectedNode {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const node = newNode('directory');
    // As on the disk: the archive put something else at this path before.
    node.isOpaque = this.get(path) !== undefined;
    this.put(path, node);
    this.#directories.set(path, node);
    return node;
  }

  /** Lower layers are hidden at `path`. */
  hide(path: string): void {
    const directory = this.#directories.get(path);
    if (directory !== undefined) directory.isOpaque = true;
    else if (this.get(path) === undefined) this.put(path, newNode('whiteout'));
  }

  /** Lower layers are hidden in the directory at these components. */
  hideContent(components: readonly string[]): void {
    const directory = this.#directories.get(this.#walk.directory(components, 'make'));
    if (directory !== undefined) directory.isOpaque = true;
  }

  /** Nothing is at `path`. */
  clear(path: string): void {
    const node = this.get(path);
    if (node === undefined) return;
    for (const name of node.children.keys()) this.clear(below(path, name));
    const [parent, name] = splitPath(path);
    this.#directories.get(parent)?.children.delete(name);
    this.#directories.delete(path);
    node.names -= 1;
  }

  /** Uses files with the names that archives use, instead of overlay's marks: whiteout-marks.ts. */
  nameMarks(): void {
    for (const directory of this.#directories.values()) {
      for (const [name, node] of [...directory.children]) {
        if (node.kind !== 'whiteout') continue;
        directory.children.delete(name);
        directory.children.set(`${WHITEOUT_PREFIX}${name}`, newMark());
      }
      if (directory.isOpaque) directory.children.set(OPAQUE_MARK, newMark());
      directory.isOpaque = false;
    }
  }

  /** Makes `path` a directory, or returns the target of the link that it is. */
  #enter(path: string, missing: Missing): string | undefined {
    const node = this.get(path);
    if (node?.kind === 'symlink') return node.target;
    if (missing === 'refuse' || (node !== undefined && node.kind !== 'whiteout')) {
      throw badArchive(`check layer: "${shown(path)}" is no directory`);
    }
    this.putDirectory(path);
    return undefined;
  }
}
