/**
 * Makes any archive a plain tar that can be read at any offset. A plain file is used in place;
 * everything else (standard input, fifos, compressed files) is decompressed into a temporary file.
 */
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { IntegrityError, NotFoundError } from '@berth/errors';
import { archiveError } from './archive-failure.ts';
import type { Decompressors } from './compression.ts';
import { decompress, detectCompression, MAGIC_BYTES } from './compression.ts';
import { peek } from './stream-head.ts';

/** Where spooled bytes go, and how many there may be. */
export interface SpoolOptions {
  /** A private directory on a file system with room; no file of ours stays in it. */
  readonly scratchDirectory: string;
  readonly decompressors?: Decompressors | undefined;
  /** Default: 1 TiB. A decompression bomb ends here, or when the disk is full. */
  readonly maximumBytes?: number | undefined;
}

interface Input {
  readonly source: Readable;
  readonly name: string;
}

const DEFAULT_MAXIMUM_BYTES = 2 ** 40;

/** The plain tar at `path`, open. Throws NotFoundError, IntegrityError for damaged compression. */
export async function openPlainFile(path: string, options: SpoolOptions): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT')
      throw new NotFoundError('NO_ARCHIVE', `open archive "${path}": no such file`);
    throw archiveError(error, { action: 'open', path });
  }
  const isRegular = (await handle.stat()).isFile();
  if (!isRegular) return spool({ source: handle.createReadStream(), name: path }, options);
  const head = Buffer.alloc(MAGIC_BYTES);
  await handle.read(head, 0, MAGIC_BYTES, 0);
  if (detectCompression(head) === 'none') return handle;
  return spool(
    { source: handle.createReadStream({ start: 0, highWaterMark: 1 << 18 }), name: path },
    options,
  );
}

/**
 * A descriptor of the plain bytes of a stream. The file has no name from its creation on, so that
 * nothing is left whatever happens. The source is read to its end or destroyed.
 */
export async function spool(input: Input, options: SpoolOptions): Promise<FileHandle> {
  const path = join(options.scratchDirectory, `.archive-${randomBytes(8).toString('hex')}`);
  const handle = await open(path, 'wx+', 0o600).catch((error: unknown) => {
    throw archiveError(error, { action: 'spool to', path: options.scratchDirectory });
  });
  try {
    await rm(path);
    await fill(handle, { input, options });
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function fill(
  handle: FileHandle,
  { input, options }: { input: Input; options: SpoolOptions },
): Promise<void> {
  const maximumBytes = options.maximumBytes ?? DEFAULT_MAXIMUM_BYTES;
  const { head, whole } = await peek(input.source);
  const plain = decompress(readable(whole), {
    compression: detectCompression(head),
    name: input.name,
    decompressors: options.decompressors,
  });
  let position = 0;
  for await (const chunk of plain) {
    if (position + chunk.length > maximumBytes) {
      throw new IntegrityError(
        'ARCHIVE_TOO_LARGE',
        `read archive "${input.name}": more than ${maximumBytes} bytes`,
      );
    }
    await writeWhole(handle, { chunk, position, options });
    position += chunk.length;
  }
}

function readable(bytes: AsyncIterable<Buffer>): Readable {
  return Readable.from(bytes, { objectMode: false, highWaterMark: 1 << 18 });
}

async function writeWhole(
  handle: FileHandle,
  { chunk, position, options }: { chunk: Buffer; position: number; options: SpoolOptions },
): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const left = chunk.length - written;
    try {
      const { bytesWritten } = await handle.write(chunk, written, left, position + written);
      written += bytesWritten;
    } catch (error) {
      throw archiveError(error, { action: 'spool to', path: options.scratchDirectory });
    }
  }
}
