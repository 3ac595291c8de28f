/**
 * The files of an image archive by name, whether they lie in a folder or inside a tar: read
 * whole under a limit, or streamed from an offset. Names never lead outside.
 */
import type { FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { IntegrityError, NotFoundError } from '@berth/errors';
import type { FilePlace } from '@berth/oci';
import { archiveError } from './archive-failure.ts';
import { findMember, indexTar } from './tar-index.ts';

/** Where to begin, and what ends the reading early. */
export interface ReadFrom {
  readonly offset: number;
  readonly signal?: AbortSignal | undefined;
}

/** Read access to an archive's files. */
export interface ArchiveFiles {
  /** For messages. */
  readonly name: string;
  /** The size of a file in bytes, or undefined when there is none of this name. */
  sizeBytes(file: string): Promise<number | undefined>;
  /** A whole file. Throws NotFoundError when missing, IntegrityError above the limit. */
  read(file: string, limitBytes: number): Promise<Buffer>;
  /** The file's bytes from an offset, read as they are asked for. Throws NotFoundError. */
  stream(file: string, from: ReadFrom): Promise<AsyncIterable<Buffer>>;
  /** The file's place in the archive, if that is one open file. Throws NotFoundError. */
  place(file: string): FilePlace | undefined;
  /** Releases what is open; streams still running end with an error. */
  close(): Promise<void>;
}

/** The files below a folder. Links in it are followed, because tools that share blobs make them. */
export function folderFiles(folder: string): ArchiveFiles {
  const openFile = async (file: string): Promise<FileHandle | undefined> => {
    const normal = posix.normalize(file);
    if (normal.startsWith('/') || normal === '..' || normal.startsWith('../')) return undefined;
    return openRegular(join(folder, normal));
  };
  const openKnown = async (file: string): Promise<FileHandle> => {
    const handle = await openFile(file);
    if (handle === undefined) throw missing(folder, file);
    return handle;
  };
  return {
    name: folder,
    async sizeBytes(file) {
      const handle = await openFile(file);
      if (handle === undefined) return undefined;
      try {
        return (await handle.stat()).size;
      } finally {
        await handle.close();
      }
    },
    async read(file, limitBytes) {
      const handle = await openKnown(file);
      try {
        checkSize({ archive: folder, file, limitBytes, sizeBytes: (await handle.stat()).size });
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    },
    async stream(file, { offset, signal }) {
      const handle = await openKnown(file);
      const { size } = await handle.stat();
      return readRange(handle, { start: offset, end: size, signal, isOwned: true });
    },
    place: () => undefined,
    close: () => Promise.resolve(),
  };
}

/**
 * The members of the plain tar in `handle`, which is closed with the result. Throws IntegrityError
 * when it is empty or damaged.
 */
export async function tarFiles(handle: FileHandle, name: string): Promise<ArchiveFiles> {
  // A pipe brings nothing when its first command has failed.
  if ((await handle.stat()).size === 0) {
    throw new IntegrityError('EMPTY_ARCHIVE', `load "${name}": it is empty`);
  }
  const index = await indexTar(handle, name);
  const find = (file: string): { offset: number; sizeBytes: number } => {
    const member = findMember(index, file);
    if (member === undefined) throw missing(name, file);
    return member;
  };
  return {
    name,
    sizeBytes: (file) => Promise.resolve(findMember(index, file)?.sizeBytes),
    async read(file, limitBytes) {
      const { offset, sizeBytes } = find(file);
      checkSize({ archive: name, file, limitBytes, sizeBytes });
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(sizeBytes),
        0,
        sizeBytes,
        offset,
      );
      return buffer.subarray(0, bytesRead);
    },
    async stream(file, { offset, signal }) {
      const member = find(file);
      const start = member.offset + offset;
      const end = member.offset + member.sizeBytes;
      return readRange(handle, { start, end, signal, isOwned: false });
    },
    place: (file) => ({ fd: handle.fd, ...find(file) }),
    close: () => handle.close(),
  };
}

/** The regular file at `path`, or undefined when there is none; never waits on a fifo. */
export async function openRegular(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw archiveError(error, { action: 'open', path });
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

const CHUNK_BYTES = 256 * 1024;

interface Range {
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
  /** True when the handle is to be closed after the reading. */
  readonly isOwned: boolean;
}

async function* readRange(handle: FileHandle, range: Range): AsyncGenerator<Buffer> {
  try {
    let position = range.start;
    while (position < range.end) {
      range.signal?.throwIfAborted();
      const length = Math.min(CHUNK_BYTES, range.end - position);
      const buffer = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(buffer, 0, length, position);
      // The file became shorter a moment ago: the reader's digest will not match.
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    if (range.isOwned) await handle.close();
  }
}

function checkSize(size: {
  archive: string;
  file: string;
  limitBytes: number;
  sizeBytes: number;
}): void {
  if (size.sizeBytes <= size.limitBytes) return;
  const excess = `${size.sizeBytes} bytes are more than the limit of ${size.limitBytes}`;
  throw new IntegrityError(
    'ARCHIVE_FILE_TOO_LARGE',
    `read "${size.file}" of "${size.archive}": ${excess}`,
  );
}

function missing(archive: string, file: string): NotFoundError {
  return new NotFoundError(
    'ARCHIVE_FILE_MISSING',
    `read "${file}" of "${archive}": no such file in it`,
  );
}
