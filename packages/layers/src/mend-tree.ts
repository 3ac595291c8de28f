/**
 * Mends a layer's tree from its recipe: every name, owner, mode, time, attribute and link, and the
 * content of files that is found elsewhere. What can't be mended stays as it is.
 *
 * Theory of operation. The tree is the current directory, and the process is chrooted to it. Paths
 * are canonical: directories come first, so nothing on the way to a name is a link. Other layers
 * may have hard links to this layer's files. So nothing is ever written to a file: what it should
 * be is made under a name that no archive can have, and takes its place by a rename. The
 * attributes of a file are set in place only if all its names are this layer's. Names that the
 * layer doesn't have are removed last, because they may hold what is missing elsewhere. When the
 * process is killed, the rest still differs from the recipe, and the next one mends it.
 */
import { readdirSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { EngineError } from '@berth/errors';
import { loadSyscalls, MODE, OPEN, succeed, systemErrorFrom } from '@berth/host';
import type { OwnerPolicy } from './entry-attributes.ts';
import type { ExpectedNode, ExpectedTree } from './expected-tree.ts';
import { putAttributesBack } from './mend-attributes.ts';
import type { ContentSources } from './mend-content.ts';
import { pathArgument, shown } from './tar-entry.ts';
import { below, nodePath, treePath } from './tree-path.ts';
import { attributeDifference, kindOf, statusDifferences } from './verify-attributes.ts';
import { linkTarget, statusAt } from './verify-tree.ts';

/** How the tree is compared and mended. */
export interface MendOptions {
  readonly owners: OwnerPolicy;
  readonly canLackAttributes: boolean;
  /** The content of a file is read only if something else of it differs. */
  readonly quick: boolean;
}

/** Archives with such names have notes there, which make no file. */
const TEMPORARY = '.wh..wh.berth-mend';
const NEW_FILE = OPEN.RDWR | OPEN.CREAT | OPEN.EXCL | OPEN.NOFOLLOW | OPEN.CLOEXEC;
const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Errors after which it makes no sense to go on. They pass, so they are no reason to give up. */
export function isWantOfRoom({ details }: EngineError): boolean {
  return NO_ROOM.has(String(details['errno']));
}

/** Mends what can be mended below the current directory. Throws if there is no room to do so. */
export class TreeMending {
  readonly #syscalls = loadSyscalls();
  readonly #expected: ExpectedTree;
  readonly #contents: ContentSources;
  readonly #options: MendOptions;

  constructor(expected: ExpectedTree, contents: ContentSources, options: MendOptions) {
    this.#expected = expected;
    this.#contents = contents;
    this.#options = options;
  }

  run(): void {
    const { directories } = this.#expected;
    this.#attempt('', () => this.#remove(TEMPORARY));
    const additional = [...directories].flatMap(([path, directory]) =>
      this.#attempt(path, () => this.#mendDirectory(path, directory)) ?? []);
    for (const path of additional) {
      this.#attempt(path, () => this.#contents.addAdditional(path));
    }
    for (const [node, paths] of namesOf(this.#expected)) {
      this.#attempt(paths[0] ?? '', () => this.#mendNode(node, paths));
    }
    for (const path of additional) this.#attempt(path, () => this.#remove(path));
    // Children first: default access lists are inherited, and each new name changes the time.
    for (const [path, directory] of [...directories].reverse()) {
      this.#attempt(path, () => this.#mendAttributes(path, directory));
    }
  }

  /** One file that can't be mended does not stop the others; the check that follows finds it. */
  #attempt<T>(path: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const known = systemErrorFrom(error, 'mend', shown(path));
      if (!(known instanceof EngineError)) throw known;
      if (isWantOfRoom(known)) throw known;
      return undefined;
    }
  }

  /** A directory is at `path`; returns the paths in it that the layer doesn't have. */
  #mendDirectory(path: string, { children }: ExpectedNode): string[] {
    if (statusAt(pathOrDot(path))?.isDirectory() !== true) {
      this.#remove(path);
      succeed(this.#syscalls.mkdir(treePath(path), PRIVATE_DIRECTORY), 'make', shown(path));
    }
    return readdirSync(nodePath(path), { encoding: 'buffer' })
      .map((entry) => entry.toString('latin1'))
      .filter((name) => !children.has(name))
      .map((name) => below(path, name));
  }

  #mendAttributes(path: string, node: ExpectedNode): void {
    const status = statusAt(pathOrDot(path));
    if (status === undefined || !this.#differs(pathOrDot(path), status, node)) return;
    putAttributesBack(path, node, this.#options.owners);
  }

  /** `paths` are all names of the node; one that is whole serves for the others. */
  #mendNode(node: ExpectedNode, paths: readonly string[]): void {
    const whole = paths.find((path) => this.#isWhole(path, node));
    const main = whole ?? paths[0] ?? '';
    if (whole !== undefined) this.#mendWhole(whole, node, paths);
    else if (!this.#make(main, node)) return;
    const inode = statusAt(main)?.ino;
    for (const path of paths) {
      if (statusAt(path)?.ino !== inode) this.#link(main, path);
    }
  }

  #link(source: string, path: string): void {
    try {
      succeed(this.#syscalls.link(treePath(source), TEMPORARY), 'link', shown(source));
      this.#moveTo(path);
    } finally {
      this.#syscalls.unlink(TEMPORARY);
    }
  }

  /** True if kind, link target and content are right, whatever the attributes are. */
  #isWhole(path: string, node: ExpectedNode): boolean {
    const status = statusAt(path);
    if (status === undefined || kindOf(status) !== node.kind) return false;
    if (node.kind === 'symlink') return linkTarget(path) === node.target;
    if (node.kind !== 'file') return true;
    if (status.size !== BigInt(node.sizeBytes)) return false;
    // If a file's time were put back unseen, a later quick check would not find its content.
    if (this.#options.quick && !this.#differs(path, status, node)) return true;
    return this.#contents.isAt(path, node);
  }

  #mendWhole(path: string, node: ExpectedNode, paths: readonly string[]): void {
    const status = statusAt(path);
    if (status === undefined || !this.#differs(path, status, node)) return;
    const names = paths.filter((one) => statusAt(one)?.ino === status.ino).length;
    if (status.nlink === BigInt(names) && this.#isMendedInPlace(path, node)) return;
    this.#make(path, node, path);
  }

  /** False where this namespace may not change the file: one of an owner that it doesn't have. */
  #isMendedInPlace(path: string, node: ExpectedNode): boolean {
    return this.#attempt(path, () => {
      putAttributesBack(path, node, this.#options.owners);
      return true;
    }) ?? false;
  }

  #differs(path: string, status: BigIntStats, node: ExpectedNode): boolean {
    const { owners, canLackAttributes: canLack } = this.#options;
    return statusDifferences(status, node, owners).length > 0
      || attributeDifference(path, node, { canLack, owners }) !== undefined;
  }

  /** A new file is at `path`; false if its content is nowhere, and nothing was changed. */
  #make(path: string, node: ExpectedNode, source?: string): boolean {
    try {
      if (!this.#makeTemporary(node, source)) return false;
      putAttributesBack(TEMPORARY, node, this.#options.owners);
      this.#moveTo(path);
      return true;
    } finally {
      this.#syscalls.unlink(TEMPORARY);
    }
  }

  #makeTemporary(node: ExpectedNode, source: string | undefined): boolean {
    if (node.kind === 'file') return this.#makeFile(node, source);
    const answer = node.kind === 'symlink'
      ? this.#syscalls.symlink(pathArgument(node.target), TEMPORARY)
      : this.#syscalls.mknod(
        TEMPORARY, node.kind === 'fifo' ? MODE.FIFO | PRIVATE_FILE : MODE.CHARACTER, 0);
    succeed(answer, 'make', node.kind);
    return true;
  }

  #makeFile(node: ExpectedNode, source: string | undefined): boolean {
    const fd = succeed(this.#syscalls.open(TEMPORARY, NEW_FILE, PRIVATE_FILE), 'make', 'file');
    try {
      if (!this.#contents.fill(fd, node, source)) return false;
      succeed(this.#syscalls.fsync(fd), 'write', 'file');
      return true;
    } finally {
      this.#syscalls.close(fd);
    }
  }

  #moveTo(path: string): void {
    if (statusAt(path)?.isDirectory() === true) this.#remove(path);
    succeed(this.#syscalls.rename(TEMPORARY, treePath(path)), 'move to', shown(path));
  }

  /** Nothing is at `path`. Recursion is at most PATH_MAX / 2, as in layer-tree.ts. */
  #remove(path: string): void {
    const status = statusAt(path);
    if (status === undefined) return;
    if (!status.isDirectory()) {
      succeed(this.#syscalls.unlink(treePath(path)), 'remove', shown(path));
      return;
    }
    for (const entry of readdirSync(nodePath(path), { encoding: 'buffer' })) {
      this.#remove(below(path, entry.toString('latin1')));
    }
    succeed(this.#syscalls.rmdir(treePath(path)), 'remove', shown(path));
  }
}

function pathOrDot(path: string): string {
  return path === '' ? '.' : path;
}

/** All names of each file that is no directory. */
function namesOf({ directories }: ExpectedTree): Map<ExpectedNode, string[]> {
  const names = new Map<ExpectedNode, string[]>();
  for (const [directory, { children }] of directories) {
    for (const [name, node] of children) {
      if (node.kind === 'directory') continue;
      const paths = names.get(node) ?? [];
      paths.push(below(directory, name));
      names.set(node, paths);
    }
  }
  return names;
}
