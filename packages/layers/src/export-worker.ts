/**
 * The worker process that writes a container's files as an archive: arguments in, the archive on
 * standard output. Must be root of the container's user namespace.
 */
import { closeSync, fstatSync, openSync, readlinkSync, readSync, writeSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { EngineError } from '@berth/errors';
import { loadSyscalls, OPEN, systemErrorFrom } from '@berth/host';
import { isKeptAttribute } from './entry-attributes.ts';
import { mergedFiles } from './merged-tree.ts';
import type { MergedFile } from './merged-tree.ts';
import { OwnerRecords } from './owner-records.ts';
import type { OwnerSources } from './owner-records.ts';
import { recordedDevice } from './recorded-owner.ts';
import { encodeEntry, paddingOf } from './tar-encoder.ts';
import type { EncodedEntry } from './tar-encoder.ts';
import type { EntryAttribute, EntryType } from './tar-entry.ts';
import { nodePath, treePath } from './tree-path.ts';

const FILE_FLAGS = OPEN.RDONLY | OPEN.CLOEXEC | OPEN.NOFOLLOW | OPEN.NONBLOCK;
const PERMISSIONS = 0o7777n;
const SECOND = 1_000_000_000n;
const LIST_BYTES = 1 << 16;

/** What is exported. */
export interface ExportRequest {
  /** The uppermost first. */
  readonly folders: readonly string[];
  /** Where one id is mapped: who else files belong to. */
  readonly owners: OwnerSources | undefined;
}

/** The arguments to give to the worker's command. */
export function exportWorkerArguments(request: ExportRequest): string[] {
  return [JSON.stringify(request)];
}

/** Writes the whole archive; answers the exit status, with one line of JSON when it is not 0. */
export async function runExportWorker(args: readonly string[]): Promise<number> {
  try {
    const { folders, owners } = JSON.parse(args[0] ?? '') as ExportRequest;
    const output = new Output();
    const writer = new FileWriter(output, owners === undefined ? undefined
      : new OwnerRecords(owners));
    for (const file of mergedFiles(folders)) writer.write(file);
    output.write(Buffer.alloc(1024));
    output.flush();
    return 0;
  } catch (error) {
    const known = error instanceof EngineError ? error : systemErrorFrom(error, 'write', 'archive');
    if (!(known instanceof EngineError)) throw known;
    const { code, message, hint } = known;
    writeSync(2, JSON.stringify({ code, message, hint }));
    return 1;
  }
}

/** Writes one file after the other. */
class FileWriter {
  readonly #output: Output;
  readonly #owners: OwnerRecords | undefined;
  /** Paths of files with several names, by device and inode. */
  readonly #links = new Map<string, string>();

  constructor(output: Output, owners: OwnerRecords | undefined) {
    this.#output = output;
    this.#owners = owners;
  }

  write(file: MergedFile): void {
    const { path, name, status } = file;
    const type = typeOf(status);
    if (type === undefined) return;
    const key = `${status.dev}:${status.ino}`;
    const linkName = status.nlink > 1n && type !== 'directory' ? this.#links.get(key) : undefined;
    if (linkName !== undefined) {
      this.#put({ ...this.#entryOf(file, 'hardlink'), linkName, attributes: [] });
      return;
    }
    this.#links.set(key, path);
    if (type !== 'file') {
      this.#put(this.#entryOf(file, type));
      return;
    }
    const device = this.#owners === undefined ? undefined : recordedDevice(name);
    if (device !== undefined) {
      this.#put({ ...this.#entryOf(file, device.type), device: device.device });
      return;
    }
    const fd = openFile(name);
    if (fd === undefined) return;
    try {
      const sizeBytes = Number(fstatSync(fd).size);
      this.#put({ ...this.#entryOf(file, 'file'), sizeBytes });
      this.#output.copy(fd, sizeBytes);
    } finally {
      closeSync(fd);
    }
  }

  #put(entry: EncodedEntry): void {
    this.#output.write(encodeEntry(entry));
  }

  #entryOf({ path, name, status }: MergedFile, type: EntryType): EncodedEntry {
    const device = Number(status.rdev);
    return {
      type,
      name: type === 'directory' ? `${path}/` : path,
      linkName: type === 'symlink'
        ? readlinkSync(nodePath(name), { encoding: 'buffer' }).toString('latin1') : '',
      mode: Number(status.mode & PERMISSIONS),
      ...(this.#owners?.ownerOf(name, path, status)
        ?? { uid: Number(status.uid), gid: Number(status.gid) }),
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

/** Undefined for what became something else, or nothing, a moment ago. */
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

/** Standard output, in large pieces. */
class Output {
  readonly #buffer = Buffer.allocUnsafe(1 << 19);
  #length = 0;

  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.#buffer, this.#length, at);
      at += copied;
      this.#length += copied;
      if (this.#length === this.#buffer.length) this.flush();
    }
  }

  /** So many bytes of the file, zeros where it became shorter, and the padding. */
  copy(fd: number, sizeBytes: number): void {
    let left = sizeBytes;
    while (left > 0) {
      const room = Math.min(left, this.#buffer.length - this.#length);
      const count = readSync(fd, this.#buffer, this.#length, room, null);
      if (count === 0) break;
      left -= count;
      this.#length += count;
      if (this.#length === this.#buffer.length) this.flush();
    }
    for (; left > 0; left -= Math.min(left, LIST_BYTES)) {
      this.write(Buffer.alloc(Math.min(left, LIST_BYTES)));
    }
    this.write(Buffer.alloc(paddingOf(sizeBytes)));
  }

  flush(): void {
    for (let at = 0; at < this.#length; ) {
      at += writeSync(1, this.#buffer, at, this.#length - at);
    }
    this.#length = 0;
  }
}
