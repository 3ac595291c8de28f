/**
 * What an overlay of folders shows, without mounting one: names of the uppermost folder win,
 * whiteouts hide what is below, opaque folders hide everything below.
 *
 * Theory of operation. A container may run and change its upper folder meanwhile, also to our
 * harm: each folder is opened below its root without following a link, made the current one, and
 * names in it are used without any path.
 */
import { lstatSync, readdirSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { errnoName, loadSyscalls, OPEN, RESOLVE, succeed } from '@berth/host';
import { below, nodePath, treePath } from './tree-path.ts';
import { OPAQUE_ATTRIBUTE } from './whiteout-marks.ts';

/** One file of the merged tree. The current directory is the one that it is in. */
export interface MergedFile {
  /** Canonical path below the root, a byte string. */
  readonly path: string;
  /** Its name in the current directory. */
  readonly name: string;
  readonly status: BigIntStats;
}

interface Found {
  readonly root: number;
  readonly status: BigIntStats;
  /** Of a folder: the roots that it is merged from, the uppermost first. */
  readonly roots: number[];
  isClosed: boolean;
}

const DIRECTORY_FLAGS = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC | OPEN.NOFOLLOW;

/** Every file, folders before what is in them. `folders` are the roots, the uppermost first. */
export function* mergedFiles(folders: readonly string[]): Generator<MergedFile> {
  const syscalls = loadSyscalls();
  const roots = folders.map((folder) =>
    succeed(syscalls.open(folder, DIRECTORY_FLAGS), 'open', folder));
  try {
    yield* new MergedTree(roots).below('', roots.map((_, index) => index));
  } finally {
    for (const fd of roots) syscalls.close(fd);
  }
}

class MergedTree {
  readonly #roots: readonly number[];

  constructor(roots: readonly number[]) {
    this.#roots = roots;
  }

  *below(path: string, roots: readonly number[]): Generator<MergedFile> {
    const found = this.#list(path, roots);
    for (const name of [...found.keys()].sort()) {
      const entry = found.get(name);
      if (entry === undefined || isWhiteout(entry.status)) continue;
      // What vanished meanwhile is left out, as a listing a moment later would.
      if (!this.#enter(entry.root, path)) return;
      yield { path: below(path, name), name, status: entry.status };
      if (entry.status.isDirectory()) yield* this.below(below(path, name), entry.roots);
    }
  }

  #list(path: string, roots: readonly number[]): Map<string, Found> {
    const found = new Map<string, Found>();
    for (const root of roots) {
      if (!this.#enter(root, path)) continue;
      for (const bytes of readdirSync('.', { encoding: 'buffer' })) {
        this.#add(found, { root, name: bytes.toString('latin1') });
      }
    }
    return found;
  }

  #add(found: Map<string, Found>, { root, name }: { root: number; name: string }): void {
    const status = lstatSync(nodePath(name), { bigint: true, throwIfNoEntry: false });
    if (status === undefined) return;
    const known = found.get(name);
    const isClosed = !status.isDirectory() || isOpaque(name);
    if (known === undefined) found.set(name, { root, status, roots: [root], isClosed });
    if (known === undefined || known.isClosed) return;
    known.isClosed = isClosed;
    if (status.isDirectory()) known.roots.push(root);
  }

  /** False when there is no such folder in this root (any more). */
  #enter(root: number, path: string): boolean {
    const syscalls = loadSyscalls();
    const fd = syscalls.openat2(this.#roots[root] ?? -1, treePath(path), {
      flags: DIRECTORY_FLAGS, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
    });
    if (fd < 0 && /ENOENT|ENOTDIR|ELOOP/.test(errnoName(fd))) return false;
    succeed(fd, 'open', path);
    const answer = syscalls.fchdir(fd);
    syscalls.close(fd);
    succeed(answer, 'enter', path);
    return true;
  }
}

function isWhiteout(status: BigIntStats): boolean {
  return status.isCharacterDevice() && status.rdev === 0n;
}

const value = Buffer.alloc(8);

function isOpaque(name: string): boolean {
  const length = loadSyscalls().lgetxattr(treePath(name), OPAQUE_ATTRIBUTE, value);
  return length === 1 && value[0] === 0x79;
}
