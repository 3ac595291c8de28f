/**
 * Owner, mode, extended attributes and times of one entry, in the order that the kernel needs:
 * chown clears set-id bits and file capabilities, so mode and attributes follow it, and every
 * change moves ctime only, so the times come last.
 */
import { constants } from 'node:os';
import { loadSyscalls, succeed } from '@berth/host';
import { pathArgument, shown } from './tar-entry.ts';
import type { EntryAttribute, TarEntry } from './tar-entry.ts';
import { statusOf } from './layer-tree.ts';
import { OWNER_ATTRIBUTE, recordedOwner } from './recorded-owner.ts';
import { treePath } from './tree-path.ts';
import { unmappedOwner } from './unmapped-owner.ts';
import type { ChangeOwner } from './unmapped-owner.ts';

/**
 * `native`: files get their owners. `record`: one id is mapped and everything belongs to it; an
 * attribute records other owners. Links and special files have no attributes: the recipe knows
 * their owners. `recipe`: it knows all owners, because the file system has no attributes.
 */
export type OwnerPolicy = 'native' | 'record' | 'recipe';

/** The part of an entry that this is about. */
type Attributes = Pick<TarEntry, 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'attributes'>;

/** The bits that the kernel takes away from a file when it is written to. */
const SET_ID_BITS = 0o6000;

const OWNER_WRITES = 0o200;

const CAPABILITY = 'security.capability';
const ALLOWED_ATTRIBUTE =
  /^(?:user\..+|security\.capability|system\.posix_acl_access|system\.posix_acl_default)$/s;
/** Overlay's own marks and those of this project. An archive with them could deceive us. */
const RESERVED_ATTRIBUTE = /^user\.(?:overlay|berth|fuseoverlayfs|containers)\./s;

const REVISION_MASK = 0xff000000;
const REVISION_2 = 0x02000000;
const REVISION_3 = 0x03000000;
const REVISION_3_BYTES = 24;
const REVISION_2_BYTES = 20;

const { ENOTSUP, EPERM, EINVAL, E2BIG, ERANGE } = constants.errno;
/** The errors of file systems and user namespaces for attributes that they can't hold. */
const REFUSALS = new Set([-ENOTSUP, -EPERM, -EINVAL, -E2BIG, -ERANGE]);

/** Applies what entries say; counts the attributes that had to be left out. */
export class AttributeWriter {
  readonly #syscalls = loadSyscalls();
  readonly #owners: OwnerPolicy;
  readonly #isTreeNew: boolean;
  readonly #isRoot = process.geteuid?.() === 0;
  /** Whether new files belong to root and its group from the start. */
  readonly #isBornRoots: boolean;
  skippedAttributes = 0;

  /** In a tree that is not new, folders may pass on groups and access lists to what is in them. */
  constructor(owners: OwnerPolicy, { isTreeNew }: { isTreeNew: boolean }) {
    this.#owners = owners;
    this.#isTreeNew = isTreeNew;
    const root = statusOf('');
    // Some file systems are mounted so that files get their folder's group.
    this.#isBornRoots = isTreeNew && root?.uid === 0 && root.gid === 0;
  }

  /**
   * For an open regular file, made with the entry's mode. Its content must be complete, because
   * writing drops capabilities. Outside of a namespace, attributes of the user need the right to
   * write.
   */
  setOnFile(fd: number, path: string, entry: Attributes): void {
    const isLent = this.#owners === 'record' && !this.#isRoot && (entry.mode & OWNER_WRITES) === 0;
    if (isLent) succeed(this.#syscalls.fchmod(fd, OWNER_WRITES), 'set mode of', shown(path));
    if (this.#owners === 'native') {
      this.#setOwner(path, entry, (uid, gid) => this.#syscalls.fchown(fd, uid, gid));
    } else if (this.#owners === 'record') {
      this.#recordOwner(path, entry, (value) =>
        this.#syscalls.fsetxattr(fd, OWNER_ATTRIBUTE, value));
    }
    const setMode = (): number =>
      succeed(this.#syscalls.fchmod(fd, entry.mode), 'set mode of', shown(path));
    if (!isLent && ((entry.mode & SET_ID_BITS) !== 0 || !this.#isTreeNew)) setMode();
    this.#setAttributes(path, entry, (name, value) =>
      this.#syscalls.fsetxattr(fd, pathArgument(name), value));
    if (isLent) setMode();
    const { mtime } = entry;
    succeed(this.#syscalls.futimens(fd, mtime, mtime), 'set time of', shown(path));
  }

  /** For everything else; for a directory when all its content is there. */
  setOnPath(path: string, entry: Attributes): void {
    const argument = treePath(path);
    if (this.#owners === 'native') {
      this.#setOwner(path, entry, (uid, gid) => this.#syscalls.lchown(argument, uid, gid));
    } else if (this.#owners === 'record' && entry.type === 'directory') {
      this.#recordOwner(path, entry, (value) =>
        this.#syscalls.lsetxattr(argument, OWNER_ATTRIBUTE, value));
    }
    // A link has no mode, and chmod would go through it.
    if (entry.type !== 'symlink') {
      succeed(this.#syscalls.chmod(argument, entry.mode), 'set mode of', shown(path));
    }
    this.#setAttributes(path, entry, (name, value) =>
      this.#syscalls.lsetxattr(argument, pathArgument(name), value));
    const { mtime } = entry;
    succeed(this.#syscalls.lutimens(argument, mtime, mtime), 'set time of', shown(path));
  }

  #setOwner(path: string, { uid, gid }: Attributes, change: ChangeOwner): void {
    if (this.#isBornRoots && uid === 0 && gid === 0) return;
    const answer = change(uid, gid);
    if (answer === -EINVAL) throw unmappedOwner(path, { uid, gid }, change);
    succeed(answer, 'set owner of', shown(path));
  }

  #recordOwner(path: string, entry: Attributes, set: (value: Buffer) => number): void {
    const value = recordedOwner(entry);
    if (value !== undefined) succeed(set(value), 'record owner of', shown(path));
  }

  #setAttributes(
    path: string,
    entry: Attributes,
    set: (name: string, value: Buffer) => number,
  ): void {
    for (const attribute of entry.attributes) {
      if (!isKeptAttribute(attribute.name)) {
        this.skippedAttributes += 1;
        continue;
      }
      const answer = set(attribute.name, attributeValue(attribute));
      if (REFUSALS.has(answer)) this.skippedAttributes += 1;
      else if (answer < 0) succeed(answer, `set attribute "${shown(attribute.name)}" of`, path);
    }
  }
}

/** True for the extended attributes that are taken from an archive; others are left out. */
export function isKeptAttribute(name: string): boolean {
  return ALLOWED_ATTRIBUTE.test(name) && !RESERVED_ATTRIBUTE.test(name);
}

/**
 * The value that a file gets, and that it returns when read inside the namespace. Capabilities read
 * inside a user namespace have root's id there, 0. This is the same as the older form without an
 * id, which the kernel completes with the id of the namespace it is in.
 */
export function attributeValue({ name, value }: EntryAttribute): Buffer {
  if (name !== CAPABILITY || value.length !== REVISION_3_BYTES) return value;
  const magic = value.readUInt32LE(0);
  const isOfRoot = value.readUInt32LE(REVISION_2_BYTES) === 0;
  if (((magic & REVISION_MASK) >>> 0) !== REVISION_3 || !isOfRoot) return value;
  const plain = Buffer.from(value.subarray(0, REVISION_2_BYTES));
  plain.writeUInt32LE(((magic & ~REVISION_MASK) | REVISION_2) >>> 0, 0);
  return plain;
}
