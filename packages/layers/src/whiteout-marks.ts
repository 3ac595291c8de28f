/**
 * How a layer's tree marks what it hides of lower layers. `overlay`: as overlay reads it, by
 * device 0:0 and an attribute. `names`: as archives do, by empty files of certain names, if the
 * file system can't hold the other marks. Code that merges layers reads both (native/src/shift.c).
 * fuse-overlayfs writes names where it can't make the device, and an attribute of its own.
 */
import { constants } from 'node:os';
import { errnoName, UnsupportedError } from '@berth/errors';
import { loadSyscalls, MODE, OPEN, succeed } from '@berth/host';
import { OPAQUE_MARK, WHITEOUT_PREFIX } from './entry-path.ts';
import { pathArgument, shown } from './tar-entry.ts';
import { below, splitPath, treePath } from './tree-path.ts';

/** See above. */
export type MarkPolicy = 'overlay' | 'names';
/** `none`: there are no lower layers, so no name is a mark. */
export type UnpackedMarks = MarkPolicy | 'none';

/** What userxattr overlays read as "nothing of the lower layers is seen in this directory". */
export const OPAQUE_ATTRIBUTE = 'user.overlay.opaque';
/** The same of fuse-overlayfs. */
export const FUSE_OPAQUE_ATTRIBUTE = 'user.fuseoverlayfs.opaque';
/** Their value. */
export const OPAQUE_VALUE = Buffer.from('y');
/** Mode of files that no entry describes: directories, and marks that are files. */
export const IMPLIED_MODE = 0o755;

const MARK_FLAGS = OPEN.WRONLY | OPEN.CREAT | OPEN.EXCL | OPEN.NOFOLLOW | OPEN.CLOEXEC;
const { EEXIST } = constants.errno;

/** Makes marks below the current directory. Paths are canonical. */
export interface Marks {
  /** Lower layers are hidden at `path`, where this layer has nothing. */
  hide(path: string): void;
  /** Lower layers are hidden in the directory `path`. */
  makeOpaque(path: string): void;
  /** Removes a mark of `path` that is another file; true if there was one. */
  unhide(path: string): boolean;
  /** Removes the file `path` if it is a mark of something else; true if it was. */
  remove(path: string): boolean;
}

/** The marks of a policy. */
export function marksOf(policy: UnpackedMarks): Marks {
  if (policy === 'none') return NO_MARKS;
  return policy === 'overlay' ? new OverlayMarks() : new NamedMarks();
}

const NO_MARKS: Marks = {
  hide: () => undefined, makeOpaque: () => undefined, unhide: () => false, remove: () => false,
};

class OverlayMarks implements Marks {
  readonly #syscalls = loadSyscalls();

  hide(path: string): void {
    const answer = this.#syscalls.mknod(treePath(path), MODE.CHARACTER, 0);
    if (answer >= 0 || answer === -EEXIST) return;
    throw new UnsupportedError('NO_WHITEOUT', `make whiteout "${shown(path)}": ` +
      `${errnoName(answer)}`, { hint: 'berth --root DIRECTORY, on ext4, xfs, btrfs or tmpfs' });
  }

  makeOpaque(path: string): void {
    const answer = this.#syscalls.lsetxattr(treePath(path), OPAQUE_ATTRIBUTE, OPAQUE_VALUE);
    if (answer >= 0) return;
    throw new UnsupportedError('NO_USER_ATTRIBUTES', `mark directory "${shown(path)}" opaque: ` +
      `${errnoName(answer)}`, { hint: 'berth --root DIRECTORY, on ext4, xfs or btrfs' });
  }

  /** The device at `path` is replaced by whatever is made there. */
  unhide(): boolean {
    return false;
  }

  remove(): boolean {
    return false;
  }
}

class NamedMarks implements Marks {
  readonly #syscalls = loadSyscalls();
  /** The tree starts empty, so every mark in it was made here. */
  readonly #marks = new Set<string>();

  hide(path: string): void {
    this.#make(markOf(path));
  }

  makeOpaque(path: string): void {
    this.#make(below(path, OPAQUE_MARK));
  }

  unhide(path: string): boolean {
    return this.#marks.size > 0 && this.remove(markOf(path));
  }

  remove(path: string): boolean {
    if (!this.#marks.delete(path)) return false;
    succeed(this.#syscalls.unlink(pathArgument(path)), 'remove', shown(path));
    return true;
  }

  #make(mark: string): void {
    const fd = this.#syscalls.open(pathArgument(mark), MARK_FLAGS, IMPLIED_MODE);
    if (fd !== -EEXIST) this.#syscalls.close(succeed(fd, 'make whiteout', shown(mark)));
    this.#marks.add(mark);
  }
}

function markOf(path: string): string {
  const [parent, name] = splitPath(path);
  return below(parent, `${WHITEOUT_PREFIX}${name}`);
}
