/**
 * The tree that a layer becomes: one directory below which names are resolved, made and replaced.
 *
 * Theory of operation. A layer's tree starts empty, so every directory in it was made here and is
 * known by its canonical path. An entry's parent is first looked up among those; only a miss walks
 * the path (link-walk.ts). What reaches the kernel is therefore always a canonical path without a
 * link in it, relative to the current directory, and the last component is never followed. The
 * process is chrooted to the tree as well; neither line of defence needs the other.
 *
 * A volume may have files already, and containers may change them meanwhile. A directory that is
 * there becomes known once it was looked at. There, the chroot alone keeps everything inside.
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { constants } from 'node:os';
import { loadSyscalls, succeed, systemErrorFrom } from '@berth/host';
import type { Syscalls } from '@berth/host';
import { badArchive } from './limits.ts';
import { LinkWalk, ROOT, type Missing } from './link-walk.ts';
import { shown } from './tar-entry.ts';
import type { TarEntry } from './tar-entry.ts';
import { below, nodePath, treePath } from './tree-path.ts';
import { IMPLIED_MODE } from './whiteout-marks.ts';
import type { Marks } from './whiteout-marks.ts';

const { EEXIST } = constants.errno;

/** What an archive says about a directory. */
export type DirectoryAttributes =
  Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtime' | 'attributes'>;

/** What a tree starts with. */
export interface TreeOptions {
  readonly marks: Marks;
  readonly isNew: boolean;
  /** Called before a regular file is removed, while it still exists. */
  readonly beforeRemoval: (path: string) => void;
}

/** The tree below the current directory. All paths are canonical byte strings; '' is the root. */
export class LayerTree {
  readonly #syscalls: Syscalls = loadSyscalls();
  readonly #directories = new Map<string, DirectoryAttributes | undefined>([[ROOT, undefined]]);
  readonly #beforeRemoval: (path: string) => void;
  readonly #marks: Marks;
  readonly #isNew: boolean;
  readonly #walk = new LinkWalk({
    action: 'unpack layer',
    isKnown: (path) => this.#directories.has(path),
    enter: (path, missing) => this.#enter(path, missing),
  });
  #impliedDirectories = 0;

  /** Directories that are there in a tree that is not new keep what is in them. */
  constructor({ marks, isNew, beforeRemoval }: TreeOptions) {
    this.#marks = marks;
    this.#isNew = isNew;
    this.#beforeRemoval = beforeRemoval;
  }

  /** Directories that no entry describes so far: they have a default owner and mode. */
  get impliedDirectories(): number {
    return this.#impliedDirectories;
  }

  /**
   * The canonical path of a new entry; missing parents are made. Links among them are followed
   * below the root. Throws an IntegrityError when a parent is no directory.
   */
  place(components: readonly string[]): string {
    return this.#walk.name(components, 'make');
  }

  /**
   * The canonical path that a hard link means. Refuses with an IntegrityError what GNU tar as
   * root would not reach either: missing parents, and links that are absolute or go up.
   */
  existing(components: readonly string[]): string {
    return this.#walk.name(components, 'refuse');
  }

  /**
   * Makes the entry at `path` with `make`, which returns as a system call does and must not
   * replace anything itself. What was there before is removed, whole trees included.
   */
  create(path: string, make: () => number): number {
    const answer = make();
    if (answer === -EEXIST) {
      this.clear(path);
      return succeed(make(), 'make', shown(path));
    }
    this.#marks.unhide(path);
    return succeed(answer, 'make', shown(path));
  }

  /** Makes the directory at `path`; one that is there stays, with its content. */
  createDirectory(path: string): void {
    if (this.#directories.has(path) || this.#isPresent(path)) return;
    const argument = treePath(path);
    const answer = this.#syscalls.mkdir(argument, 0o700);
    const wasThere = answer === -EEXIST;
    if (wasThere) {
      this.clear(path);
      succeed(this.#syscalls.mkdir(argument, 0o700), 'make directory', shown(path));
    } else {
      succeed(answer, 'make directory', shown(path));
    }
    // The archive put something else at this path before, so lower content is hidden.
    if (this.#marks.unhide(path) || wasThere) this.#marks.makeOpaque(path);
    this.#directories.set(path, undefined);
  }

  /** Remembers a directory's attributes until nothing more is made in it. */
  describeDirectory(path: string, attributes: DirectoryAttributes): void {
    const { mode, uid, gid, mtime, attributes: extended } = attributes;
    this.#directories.set(path, { mode, uid, gid, mtime, attributes: extended });
  }

  /**
   * Hides what lower layers have at `path`. What this layer has there stays, in either order:
   * whiteouts apply only to lower layers (OCI image-spec, "Whiteouts").
   */
  hide(path: string): void {
    if (this.#directories.has(path)) this.#marks.makeOpaque(path);
    else if (statusOf(path) === undefined) this.#marks.hide(path);
  }

  /** Hides what lower layers have in the directory at these components; a missing one is made. */
  hideContent(components: readonly string[]): void {
    this.#marks.makeOpaque(this.#walk.directory(components, 'make'));
  }

  /** Removes what is at `path`, if anything. */
  clear(path: string): void {
    this.#marks.unhide(path);
    const status = statusOf(path);
    if (status === undefined) return;
    if (status.isDirectory()) {
      this.#removeDirectory(path);
      return;
    }
    if (status.isFile()) this.#beforeRemoval(path);
    succeed(this.#syscalls.unlink(treePath(path)), 'remove', shown(path));
  }

  /**
   * Gives the directories that entries describe, children before their parents: modes may deny
   * access, default ACLs are inherited, and each new entry changes the times.
   */
  *describedDirectories(): Generator<[path: string, attributes: DirectoryAttributes]> {
    for (const [path, attributes] of [...this.#directories].reverse()) {
      if (attributes !== undefined) yield [path, attributes];
    }
  }

  /** True for a directory that was there before; it is known from now on. */
  #isPresent(path: string): boolean {
    if (this.#isNew || statusOf(path)?.isDirectory() !== true) return false;
    this.#directories.set(path, undefined);
    return true;
  }

  /** Makes `path` a known directory, or returns the target of the link that it is. */
  #enter(path: string, missing: Missing): string | undefined {
    if (this.#isPresent(path)) return undefined;
    const status = statusOf(path);
    if (status?.isSymbolicLink() === true) return this.#linkTarget(path, missing);
    const canMake = status === undefined || isWhiteout(status);
    if (!canMake || missing === 'refuse') {
      throw badArchive(`unpack layer: "${shown(path)}" is no directory`);
    }
    this.createDirectory(path);
    this.#impliedDirectories += 1;
    succeed(this.#syscalls.chmod(treePath(path), IMPLIED_MODE), 'set mode of', shown(path));
    return undefined;
  }

  #linkTarget(path: string, missing: Missing): string {
    const target = readlinkSync(nodePath(path), { encoding: 'buffer' }).toString('latin1');
    const leaves = target.startsWith('/') || target.split('/').includes('..');
    if (missing === 'refuse' && leaves) {
      throw badArchive(`unpack layer: a hard link goes through the link "${shown(path)}"`);
    }
    return target;
  }

  /**
   * Iterates over levels; recursion is at most PATH_MAX / 2, because deeper paths can't be named.
   */
  #removeDirectory(path: string): void {
    for (const bytes of readdirSync(nodePath(path), { encoding: 'buffer' })) {
      const child = below(path, bytes.toString('latin1'));
      if (!this.#marks.remove(child)) this.clear(child);
    }
    succeed(this.#syscalls.rmdir(treePath(path)), 'remove', shown(path));
    this.#directories.delete(path);
  }
}

/** True for the device 0:0, which overlay reads as "removed". Archives can't make one here. */
export function isWhiteout(status: Stats): boolean {
  return status.isCharacterDevice() && status.rdev === 0;
}

/** The status of a path below the root, its last component not followed. */
export function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(nodePath(path), { throwIfNoEntry: false });
  } catch (error) {
    throw systemErrorFrom(error, 'look at', shown(path));
  }
}
