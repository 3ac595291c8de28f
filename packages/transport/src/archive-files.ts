/**
 * The files of an image archive by name, whether they lie in a folder or inside a tar: read
 * whole under a limit, or streamed from an offset. Names never lead outside.
 */
import type { FileHandle } from 'node:fs/promises';
import { constants, createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { IntegrityError, NotFoundError } from '@berth/errors';
import { findMember, indexTar } from './tar-index.ts';

/** Read access to an archive's files. */
export interface ArchiveFiles {
  /** For messages. */
  readonly name: string;
  /** The size of a file in bytes, or undefined when there is none of this name. */
  sizeBytes(file: string): Promise<number | undefined>;
  /** A whole file. Throws NotFoundError when missing, IntegrityError above the limit. */
  read(file: string, limitBytes: number): Promise<Buffer>;
  /** The file's bytes from `offset`. Throws NotFoundError when missing. */
  stream(file: string, offset: number): Promise<Readable>;
  /** Releases what is open; streams still running end with an error. */
  close(): Promise<void>;
}

/** The files below a folder; links in it are followed, as tools that share blobs make them. */
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
    async stream(file, offset) {
      return (await openKnown(file)).createReadStream({ start: offset, highWaterMark: CHUNK_BYTES });
    },
    close: () => Promise.resolve(),
  };
}

/** The members of the plain tar in `handle`, which is closed with the result. */
export async function tarFiles(handle: FileHandle, name: string): Promise<ArchiveFiles> {
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
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(sizeBytes), 0, sizeBytes, offset);
      return buffer.subarray(0, bytesRead);
    },
    stream: async (file, offset) => {
      const member = find(file);
      if (offset >= member.sizeBytes) return Readable.from([]);
      const start = member.offset + offset;
      const end = member.offset + member.sizeBytes - 1;
      // By descriptor, because a spooled archive has no name any more.
      return createReadStream('', {
        fd: handle.fd,
        autoClose: false,
        start,
        end,
        highWaterMark: CHUNK_BYTES,
      });
    },
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
    throw error;
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

const CHUNK_BYTES = 256 * 1024;

function checkSize(size: { archive: string; file: string; limitBytes: number; sizeBytes: number }): void {
  if (size.sizeBytes <= size.limitBytes) return;
  throw new IntegrityError(
    'ARCHIVE_FILE_TOO_LARGE',
    `read "${size.file}" of "${size.archive}": ${size.sizeBytes} bytes are more than the limit of ${size.limitBytes}`,
  );
}

function missing(archive: string, file: string): NotFoundError {
  return new NotFoundError('ARCHIVE_FILE_MISSING', `read "${file}" of "${archive}": no such file in it`);
}
