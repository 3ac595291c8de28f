/**
 * Compares a layer's tree with its recipe: names, types, owners, modes, extended attributes,
 * times, link targets and content. It changes nothing.
 *
 * Theory of operation. Each directory is opened below the tree without following a link and
 * becomes the current one; names in it are then used without any path. So a manipulated tree can't
 * lead out of itself. The work is divided among several processes: each looks at every n-th file,
 * and reads the contents of its share of the bytes.
 */
import { fstatSync, lstatSync, closeSync, readdirSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { errnoName } from '@berth/errors';
import { AT, loadSyscalls, OPEN, RESOLVE, succeed, systemErrorFrom } from '@berth/host';
import type { ExpectedNode, ExpectedTree } from './expected-tree.ts';
import type { OwnerPolicy } from './entry-attributes.ts';
import { lent } from './lent-access.ts';
import { shown } from './tar-entry.ts';
import { below, nodePath, treePath } from './tree-path.ts';
import { attributeDifference, statusDifferences } from './verify-attributes.ts';
import { contentDifference } from './verify-content.ts';

/** One difference between the tree and its recipe. */
export interface TreeDifference {
  /** Below the layer's root, as people read it; `.` is the root. */
  readonly path: string;
  readonly problem: string;
}

/** Which share of the work to do, and how. */
export interface VerifyOptions {
  readonly owners: OwnerPolicy;
  /** 0 for the first of `parts`. */
  readonly part: number;
  readonly parts: number;
  /** Contents are not read: only the sizes are compared. */
  readonly quick: boolean;
  /** The file system refused attributes when the layer was unpacked, so they are missing. */
  readonly canLackAttributes: boolean;
}

/** Every difference found in this part. The current directory is as before. */
export function verifyTree(
  tree: string,
  expected: ExpectedTree,
  options: VerifyOptions,
): TreeDifference[] {
  const flags = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC | OPEN.NOFOLLOW;
  const syscalls = loadSyscalls();
  const treeFd = succeed(syscalls.open(tree, flags), 'open', tree);
  const homeFd = syscalls.open('.', OPEN.PATH | OPEN.DIRECTORY | OPEN.CLOEXEC);
  try {
    return new TreeVerification(treeFd, expected, options).run();
  } finally {
    syscalls.fchdir(homeFd);
    syscalls.close(homeFd);
    syscalls.close(treeFd);
  }
}

const DIRECTORY_FLAGS = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC | OPEN.NOFOLLOW;
const FILE_FLAGS = OPEN.RDONLY | OPEN.CLOEXEC | OPEN.NOFOLLOW | OPEN.NONBLOCK;

class TreeVerification {
  readonly #syscalls = loadSyscalls();
  readonly #differences: TreeDifference[] = [];
  readonly #inodes = new Map<ExpectedNode, bigint>();
  readonly #treeFd: number;
  readonly #expected: ExpectedTree;
  readonly #options: VerifyOptions;
  readonly #bytesPerPart: number;
  #seenNodes = 0;
  #seenBytes = 0;

  constructor(treeFd: number, expected: ExpectedTree, options: VerifyOptions) {
    this.#treeFd = treeFd;
    this.#expected = expected;
    this.#options = options;
    let bytes = 0;
    for (const { children } of expected.directories.values()) {
      for (const node of children.values()) bytes += node.payload?.sizeBytes ?? 0;
    }
    this.#bytesPerPart = Math.max(1, bytes / options.parts);
  }

  run(): TreeDifference[] {
    this.#verifyRoot();
    for (const [path, directory] of this.#expected.directories) this.#verifyInside(path, directory);
    return this.#differences;
  }

  #verifyRoot(): void {
    const root = this.#expected.get('');
    if (this.#options.part !== 0 || root === undefined) return;
    succeed(this.#syscalls.fchdir(this.#treeFd), 'enter', 'layer');
    this.#verifyStatus('', '.', root);
  }

  #verifyInside(path: string, directory: ExpectedNode): void {
    const fd = this.#syscalls.openat2(this.#treeFd, treePath(path), {
      flags: DIRECTORY_FLAGS, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
    });
    if (fd < 0) {
      // A missing directory was reported with its parent.
      if (!/ENOENT|ENOTDIR|ELOOP/.test(errnoName(fd))) this.#add(path, errnoName(fd));
      this.#skip(directory);
      return;
    }
    try {
      succeed(this.#syscalls.fchdir(fd), 'enter', shown(path));
    } finally {
      this.#syscalls.close(fd);
    }
    const isMine = this.#options.part === 0;
    if (isMine) this.#findAdditional(path, directory);
    for (const [name, node] of directory.children) this.#verifyNode(below(path, name), name, node);
  }

  #findAdditional(path: string, directory: ExpectedNode): void {
    for (const entry of readdirSync('.', { encoding: 'buffer' })) {
      const name = entry.toString('latin1');
      if (directory.children.has(name)) continue;
      this.#add(below(path, name), 'is not in the layer');
    }
  }

  #verifyNode(path: string, name: string, node: ExpectedNode): void {
    const { part, parts } = this.#options;
    this.#seenNodes += 1;
    // One part must see all names of a file, to compare them.
    const isMine = node.names > 1 ? part === 0 : this.#seenNodes % parts === part;
    const contentPart = Math.min(parts - 1, Math.floor(this.#seenBytes / this.#bytesPerPart));
    this.#seenBytes += node.payload?.sizeBytes ?? 0;
    if (isMine) this.#verifyStatus(path, name, node);
    if (contentPart === part && node.kind === 'file') this.#verifyContent(path, name, node);
  }

  /** All parts must count in the same way, whatever each of them finds. */
  #skip(directory: ExpectedNode): void {
    for (const node of directory.children.values()) {
      this.#seenNodes += 1;
      this.#seenBytes += node.payload?.sizeBytes ?? 0;
    }
  }

  #verifyStatus(path: string, name: string, node: ExpectedNode): void {
    const status = statusAt(name);
    if (status === undefined) {
      this.#add(path, 'is missing');
      return;
    }
    const problems = statusDifferences(status, node, this.#options.owners);
    const isOther = problems.some((problem) => problem.startsWith('is a '));
    if (!isOther) {
      problems.push(...this.#moreDifferences(name, node, status));
    }
    for (const problem of problems) this.#add(path, problem);
  }

  #moreDifferences(name: string, node: ExpectedNode, status: BigIntStats): string[] {
    const { canLackAttributes: canLack, owners } = this.#options;
    const attribute = attributeDifference(name, node, { canLack, owners });
    const inode = this.#inodes.get(node);
    if (node.names > 1) this.#inodes.set(node, status.ino);
    const isSplit = inode !== undefined && inode !== status.ino;
    const target = node.kind === 'symlink' ? linkTarget(name) : node.target;
    return [
      ...(attribute === undefined ? [] : [attribute]),
      ...(isSplit ? ['is no longer a hard link of its other names'] : []),
      ...(target === node.target ? [] : [`points to "${shown(target)}"`]),
    ];
  }

  #verifyContent(path: string, name: string, node: ExpectedNode): void {
    if (this.#options.quick || node.sizeBytes === 0) return;
    const file = treePath(name);
    const fd = lent({ directoryFd: AT.FDCWD, path: file }, () =>
      this.#syscalls.open(file, FILE_FLAGS));
    if (fd < 0) {
      // If the file is missing or a link, the check of its status reports that.
      const code = errnoName(fd);
      if (code !== 'ENOENT' && code !== 'ELOOP') this.#add(path, `can't be read: ${code}`);
      return;
    }
    try {
      const problem = fstatSync(fd).isFile() ? contentDifference(fd, node) : undefined;
      if (problem !== undefined) this.#add(path, problem);
    } finally {
      closeSync(fd);
    }
  }

  #add(path: string, problem: string): void {
    this.#differences.push({ path: path === '' ? '.' : shown(path), problem });
  }
}

/** The status of a name in the current directory; a link is not followed. */
export function statusAt(name: string): BigIntStats | undefined {
  try {
    return lstatSync(nodePath(name), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw systemErrorFrom(error, 'look at', shown(name));
  }
}

/** Where the link with this name points, a byte string. */
export function linkTarget(name: string): string {
  return readlinkSync(nodePath(name), { encoding: 'buffer' }).toString('latin1');
}
