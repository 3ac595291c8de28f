/**
 * zstd in every runtime: the one of node:zlib where it has one (Bun, Node >= 22.15), else fzstd.
 * Windows above 128 MiB are refused, so that no frame can ask for gigabytes of memory.
 */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { IntegrityError } from '@berth/errors';
import { Decompress } from 'fzstd';
import { decodedStream } from './decoded-stream.ts';
import { ZstdFrames } from './zstd-frames.ts';

const OUTPUT_BYTES = 1 << 18;
const LARGEST_WINDOW_LOG = 27;
/** ZSTD_d_windowLogMax. */
const WINDOW_LOG_PARAMETER = 100;

type CreateDecompress = (options: {
  chunkSize: number;
  params: Record<number, number>;
}) => Transform;

/** The plain form of zstd frames. Throws an IntegrityError when they are cut or broken. */
export function decompressZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const create = (zlib as { createZstdDecompress?: CreateDecompress }).createZstdDecompress;
  const whole = checkedFrames(source);
  return create === undefined ? withPackage(whole) : withRuntime(whole, create);
}

/** Bun's decoder mistakes the end of its input for the end of the frame. */
async function* checkedFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames((reason) => badZstd(reason));
  for await (const chunk of source) {
    frames.push(chunk);
    yield chunk;
  }
  if (!frames.isWhole) throw badZstd('it is cut short');
}

async function* withRuntime(
  source: AsyncIterable<Uint8Array>,
  create: CreateDecompress,
): AsyncGenerator<Buffer> {
  const decompressor = create({
    chunkSize: OUTPUT_BYTES,
    params: { [WINDOW_LOG_PARAMETER]: LARGEST_WINDOW_LOG },
  });
  try {
    yield* decodedStream(source, decompressor);
  } catch (error) {
    throw asZstdError(error);
  }
}

async function* withPackage(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const output: Buffer[] = [];
  const decompressor = new Decompress((bytes) => {
    if (bytes.length > 0) output.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  });
  const push = (bytes: Uint8Array): void => {
    try {
      decompressor.push(bytes);
    } catch (error) {
      throw badZstd((error as Error).message, error);
    }
  };
  for await (const chunk of source) {
    // The package keeps the bytes of an incomplete block, and the source may write over its own.
    push(Uint8Array.from(chunk));
    yield* output.splice(0);
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
