/**
 * The files that an overlay of folders shows, without mounting one: names of the uppermost folder
 * win, whiteouts hide what is below, opaque folders hide everything below.
 *
 * Theory of operation. A running container may change its upper folder meanwhile, also to attack
 * us. So each folder is opened below its root without following a link and becomes the current
 * folder; names in it are used without any path.
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { errnoName } from '@berth/errors';
import { loadSyscalls, OPEN, RESOLVE, succeed, systemErrorFrom } from '@berth/host';
import { OPAQUE_MARK, WHITEOUT_PREFIX } from './entry-path.ts';
import { below, nodePath, treePath } from './tree-path.ts';
import { FUSE_OPAQUE_ATTRIBUTE, OPAQUE_ATTRIBUTE } from './whiteout-marks.ts';
import type { MarkPolicy } from './whiteout-marks.ts';

/** A layer's tree, or a container's. */
export interface MarkedFolder {
  readonly path: string;
  readonly marks: MarkPolicy;
}

/** One file of the merged tree. The current directory is the one that it is in. */
export interface MergedFile {
  /** Canonical path below the root, a byte string. */
  readonly path: string;
  /** Its name in the current directory. */
  readonly name: string;
  readonly status: BigIntStats;
  /** The index of the folder that it comes from. */
  readonly folder: number;
}

/** What the folders have under one name. */
export interface Found {
  /** The folder that wins. */
  readonly folder: number;
  readonly status: BigIntStats;
  /** The name is hidden in lower folders, and nothing replaces it. */
  readonly isWhiteout: boolean;
  /** Of a directory: the folders that it is merged from, the uppermost first. */
  readonly folders: number[];
  /** Lower folders are hidden from here on. */
  isClosed: boolean;
}

const DIRECTORY_FLAGS = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC | OPEN.NOFOLLOW;

/** Every file, directories before what is in them. The uppermost folder comes first. */
export function* mergedFiles(folders: readonly MarkedFolder[]): Generator<MergedFile> {
  const tree = new MergedTree(folders);
  try {
    yield* filesBelow(tree, '', folders.map((_, index) => index));
  } finally {
    tree.close();
  }
}

function* filesBelow(
  tree: MergedTree,
  path: string,
  folders: readonly number[],
): Generator<MergedFile> {
  const found = tree.list(path, folders);
  for (const name of [...found.keys()].sort()) {
    const entry = found.get(name);
    if (entry === undefined || entry.isWhiteout) continue;
    const { status, folder } = entry;
    // A file that disappeared meanwhile is left out, as in a listing a moment later.
    if (!tree.enter(folder, path)) return;
    yield { path: below(path, name), name, status, folder };
    if (status.isDirectory()) yield* filesBelow(tree, below(path, name), entry.folders);
  }
}

/** The open folders. Whoever makes this closes it. */
export class MergedTree {
  readonly #roots: readonly { readonly fd: number; readonly hasNamedMarks: boolean }[];

  constructor(folders: readonly MarkedFolder[]) {
    const roots: { fd: number; hasNamedMarks: boolean }[] = [];
    this.#roots = roots;
    try {
      for (const { path, marks } of folders) {
        const fd = succeed(loadSyscalls().open(path, DIRECTORY_FLAGS), 'open', path);
        roots.push({ fd, hasNamedMarks: marks === 'names' });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    for (const { fd } of this.#roots) loadSyscalls().close(fd);
  }

  /** What a directory holds, merged from these folders, whiteouts included. */
  list(path: string, folders: readonly number[]): Map<string, Found> {
    const found = new Map<string, Found>();
    for (const folder of folders) {
      if (!this.enter(folder, path)) continue;
      const names = readdirSync('.', { encoding: 'buffer' }).map((name) => name.toString('latin1'));
      for (const name of names) this.#add(found, folder, name);
      if (this.#hasNamedMarks(folder) && names.includes(OPAQUE_MARK)) break;
    }
    return found;
  }

  /** Makes a directory the current one; false when this folder has none of that path (any more). */
  enter(folder: number, path: string): boolean {
    const syscalls = loadSyscalls();
    const fd = syscalls.openat2(this.#roots[folder]?.fd ?? -1, treePath(path), {
      flags: DIRECTORY_FLAGS, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
    });
    if (fd < 0 && /ENOENT|ENOTDIR|ELOOP/.test(errnoName(fd))) return false;
    succeed(fd, 'open', path);
    const answer = syscalls.fchdir(fd);
    syscalls.close(fd);
    succeed(answer, 'enter', path);
    return true;
  }

  #hasNamedMarks(folder: number): boolean {
    return this.#roots[folder]?.hasNamedMarks ?? false;
  }

  #add(found: Map<string, Found>, folder: number, file: string): void {
    const status = lstatSync(nodePath(file), { bigint: true, throwIfNoEntry: false });
    const hasNamedMarks = this.#hasNamedMarks(folder);
    if (status === undefined || (hasNamedMarks && file === OPAQUE_MARK)) return;
    const isNamed = hasNamedMarks && file.startsWith(WHITEOUT_PREFIX);
    const name = isNamed ? file.slice(WHITEOUT_PREFIX.length) : file;
    const isWhiteout = isNamed || (status.isCharacterDevice() && status.rdev === 0n);
    const isDirectory = status.isDirectory() && !isWhiteout;
    const isClosed = !isDirectory || hasMark(file, OPAQUE_ATTRIBUTE)
      || (hasNamedMarks && hasMark(file, FUSE_OPAQUE_ATTRIBUTE));
    const known = found.get(name);
    if (known === undefined) {
      found.set(name, { folder, status, isWhiteout, folders: [folder], isClosed });
    }
    if (known === undefined || known.isClosed) return;
    known.isClosed = isClosed;
    if (isDirectory) known.folders.push(folder);
  }
}

const value = Buffer.alloc(8);

function hasMark(name: string, attribute: string): boolean {
  const length = loadSyscalls().lgetxattr(treePath(name), attribute, value);
  return length === 1 && value[0] === 0x79;
}

/** Where a link of the current directory leads; undefined if it is no link (any more). */
export function linkTarget(name: string): string | undefined {
  try {
    return readlinkSync(nodePath(name), { encoding: 'buffer' }).toString('latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EINVAL') return undefined;
    throw systemErrorFrom(error, 'read', name);
  }
}
