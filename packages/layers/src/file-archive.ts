/** Files of the current directory and below, written as an archive to standard output. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { loadSyscalls, OPEN, systemErrorFrom } from '@berth/host';
import { isKeptAttribute } from './entry-attributes.ts';
import { WHITEOUT_PREFIX } from './entry-path.ts';
import type { FileOwners } from './file-owners.ts';
import { linkTarget } from './merged-tree.ts';
import type { MergedFile } from './merged-tree.ts';
import { OutputBuffer } from './output-buffer.ts';
import { recordedDevice } from './recorded-owner.ts';
import { encodeEntry } from './tar-encoder.ts';
import type { EncodedEntry } from './tar-encoder.ts';
import type { EntryAttribute, EntryType } from './tar-entry.ts';
import { below, nodePath, splitPath, treePath } from './tree-path.ts';

const FILE_FLAGS = OPEN.RDONLY | OPEN.CLOEXEC | OPEN.NOFOLLOW | OPEN.NONBLOCK;
const PERMISSIONS = 0o7777n;
const SECOND = 1_000_000_000n;
const LIST_BYTES = 1 << 16;
/** Two empty blocks. */
const END_BYTES = 1024;

/** Writes one file after another. Whoever makes it must call `end`. */
export class FileArchive {
  readonly #output = new OutputBuffer();
  readonly #owners: FileOwners;
  /** Paths of files with several names, by device and inode. */
  readonly #links = new Map<string, string>();

  constructor(owners: FileOwners) {
    this.#owners = owners;
  }

  /** Writes a file; kinds that no archive can hold are left out. */
  write(file: MergedFile): void {
    const { path, status } = file;
    const type = typeOf(status);
    if (type === undefined) return;
    const key = `${status.dev}:${status.ino}`;
    const linkName = status.nlink > 1n && type !== 'directory' ? this.#links.get(key) : undefined;
    if (linkName !== undefined) {
      this.#put({ ...this.#entryOf(file, 'hardlink'), linkName, attributes: [] });
      return;
    }
    // A name that was left out can't be linked to.
    if (type === 'file' ? this.#putFile(file) : this.#putOther(file, type)) {
      this.#links.set(key, path);
    }
  }

  /** False if the file was replaced or removed a moment ago. */
  #putFile(file: MergedFile): boolean {
    const { name } = file;
    const device = this.#owners.areRecorded ? recordedDevice(name) : undefined;
    if (device !== undefined) {
      this.#put({ ...this.#entryOf(file, device.type), device: device.device });
      return true;
    }
    const fd = openFile(name);
    if (fd === undefined) return false;
    try {
      const sizeBytes = Number(fstatSync(fd).size);
      this.#put({ ...this.#entryOf(file, 'file'), sizeBytes });
      this.#output.copy(fd, sizeBytes);
    } finally {
      closeSync(fd);
    }
    return true;
  }

  #putOther(file: MergedFile, type: EntryType): boolean {
    const linkName = type === 'symlink' ? linkTarget(file.name) : '';
    if (linkName === undefined) return false;
    this.#put({ ...this.#entryOf(file, type), linkName });
    return true;
  }

  /** Lower layers are hidden at `path` (image-spec, layer.md, "Whiteouts"). */
  writeWhiteout(path: string): void {
    const [parent, name] = splitPath(path);
    this.#put({
      type: 'file', name: below(parent, `${WHITEOUT_PREFIX}${name}`), linkName: '', mode: 0,
      uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, attributes: [], sizeBytes: 0,
    });
  }

  /** The archive is whole and written. */
  end(): void {
    this.#output.write(Buffer.alloc(END_BYTES));
    this.#output.flush();
  }

  #put(entry: EncodedEntry): void {
    this.#output.write(encodeEntry(entry));
  }

  #entryOf(file: MergedFile, type: EntryType): EncodedEntry {
    const { path, name, status } = file;
    const device = Number(status.rdev);
    return {
      type,
      name: type === 'directory' ? `${path}/` : path,
      linkName: '',
      mode: Number(status.mode & PERMISSIONS),
      ...this.#owners.ownerOf(file),
      mtime: {
        seconds: Math.floor(Number(status.mtimeNs) / Number(SECOND)),
        nanoseconds: Number(((status.mtimeNs % SECOND) + SECOND) % SECOND),
      },
      attributes: attributesOf(name),
      sizeBytes: 0,
      device: [(device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00)],
    };
  }
}

/** Undefined if the file was replaced or removed a moment ago. */
function openFile(name: string): number | undefined {
  try {
    const fd = openSync(nodePath(name), FILE_FLAGS);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ELOOP') throw systemErrorFrom(error, 'read', name);
  }
  return undefined;
}

function typeOf(status: BigIntStats): EntryType | undefined {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isFIFO()) return 'fifo';
  if (status.isBlockDevice()) return 'block';
  // No archive can hold a socket.
  return status.isCharacterDevice() ? 'character' : undefined;
}

const list = Buffer.alloc(LIST_BYTES);
const value = Buffer.alloc(LIST_BYTES);

function attributesOf(name: string): EntryAttribute[] {
  const path = treePath(name);
  const length = loadSyscalls().llistxattr(path, list);
  if (length <= 0) return [];
  const names = list.toString('latin1', 0, length - 1).split('\0').filter(isKeptAttribute);
  return names.flatMap((key) => {
    const got = loadSyscalls().lgetxattr(path, Buffer.from(key, 'latin1'), value);
    return got < 0 ? [] : [{ name: key, value: Buffer.from(value.subarray(0, got)) }];
  });
}
