/**
 * zstd in every runtime: the one of node:zlib where it has one (Bun, Node >= 22.15), else fzstd.
 * Windows above 128 MiB are refused by both, so that no frame can ask for gigabytes of memory.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { IntegrityError } from '@berth/errors';
import { Decompress } from 'fzstd';

const OUTPUT_BYTES = 1 << 18;
const LARGEST_WINDOW_LOG = 27;
/** ZSTD_d_windowLogMax. */
const WINDOW_LOG_PARAMETER = 100;
const FRAME_HEADER_BYTES = 6;

type CreateDecompress = (options: {
  chunkSize: number;
  params: Record<number, number>;
}) => Transform;

/** The plain form of zstd frames. Throws an IntegrityError when they are cut or broken. */
export function decompressZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const create = (zlib as { createZstdDecompress?: CreateDecompress }).createZstdDecompress;
  return create === undefined ? withPackage(source) : withRuntime(source, create);
}

async function* withRuntime(
  source: AsyncIterable<Uint8Array>,
  create: CreateDecompress,
): AsyncGenerator<Buffer> {
  const decompressor = create({
    chunkSize: OUTPUT_BYTES,
    params: { [WINDOW_LOG_PARAMETER]: LARGEST_WINDOW_LOG },
  });
  const fed = pipeline(Readable.from(source, { objectMode: true }), decompressor);
  fed.catch(() => undefined);
  try {
    for await (const chunk of decompressor) yield chunk as Buffer;
    await fed;
  } catch (error) {
    throw asZstdError(error);
  } finally {
    decompressor.destroy();
  }
}

/** A frame that is cut gives no error in fzstd: only the chunk marked as last proves the end. */
async function* withPackage(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const output: Buffer[] = [];
  let isComplete = false;
  const decompressor = new Decompress((bytes, last) => {
    if (bytes.length > 0) output.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    isComplete = last === true;
  });
  let first = true;
  const push = (bytes: Uint8Array, last: boolean): void => {
    try {
      decompressor.push(bytes, last);
    } catch (error) {
      throw badZstd((error as Error).message, error);
    }
  };
  for await (const chunk of source) {
    if (first) checkWindow(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    first = false;
    push(chunk, false);
    yield* output.splice(0);
  }
  push(new Uint8Array(0), true);
  yield* output.splice(0);
  if (!isComplete) throw badZstd('it is cut short');
}

/** Reads the window of the first frame (RFC 8878, 3.1.1.1.2): fzstd allocates what it asks. */
function checkWindow(head: Buffer): void {
  if (head.length < FRAME_HEADER_BYTES || head.readUInt32LE(0) !== 0xfd2fb528) return;
  const isSingleSegment = ((head[4] ?? 0) & 0x20) !== 0;
  const windowLog = 10 + ((head[5] ?? 0) >>> 3);
  if (!isSingleSegment && windowLog > LARGEST_WINDOW_LOG) {
    throw badZstd(`a window of 2^${windowLog} bytes is too large`);
  }
}

function asZstdError(error: unknown): unknown {
  const code = (error as { code?: unknown } | undefined)?.code;
  const isData = typeof code === 'string' && /ZSTD|^Z_/.test(code);
  return isData ? badZstd((error as Error).message, error) : error;
}

function badZstd(reason: string, cause?: unknown): IntegrityError {
  return new IntegrityError('BAD_COMPRESSION', `decompress zstd: ${reason}`, { cause });
}
