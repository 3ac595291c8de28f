/**
 * Decompresses a layer: gzip, zstd, or none. The first bytes decide, not the media type or the
 * name.
 */
import * as zlib from 'node:zlib';
import { IntegrityError, UnsupportedError } from '@berth/errors';
import { decodedStream } from './decoded-stream.ts';
import { decompressZstd } from './zstd.ts';

/** How a blob is packed. */
export type Compression = 'gzip' | 'zstd' | 'none';

/** Plain bytes, and what they were packed with. */
export interface Decompressed {
  readonly compression: Compression;
  /** Throws an IntegrityError when the packed bytes are cut or broken. */
  readonly bytes: AsyncIterable<Buffer>;
}

const MAGIC_BYTES = 6;
const OUTPUT_BYTES = 1 << 18;

const MAGICS: readonly { readonly kind: string; readonly first: readonly number[] }[] = [
  { kind: 'gzip', first: [0x1f, 0x8b] },
  { kind: 'zstd', first: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: 'xz', first: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { kind: 'bzip2', first: [0x42, 0x5a, 0x68] },
];

/**
 * Looks at the first bytes of `source` and returns its plain form. Reads nothing ahead of use, and
 * uses no chunk of `source` after asking for the next.
 */
export async function decompress(source: AsyncIterable<Uint8Array>): Promise<Decompressed> {
  const iterator = source[Symbol.asyncIterator]();
  const { head, done } = await readHead(iterator);
  const whole = rejoin(head, done ? undefined : iterator);
  const kind = findCompression(head);
  if (kind === 'gzip') return { compression: 'gzip', bytes: gunzip(whole) };
  if (kind === 'zstd') return { compression: 'zstd', bytes: decompressZstd(whole) };
  if (kind === 'none') return { compression: 'none', bytes: asBuffers(whole) };
  throw new UnsupportedError('COMPRESSION', `decompress: ${kind} is not supported`, {
    hint: `${kind === 'xz' ? 'unxz' : 'bunzip2'} FILE`,
  });
}

function findCompression(head: Buffer): string {
  const found = MAGICS.find(({ first }) => first.every((byte, index) => head[index] === byte));
  // A skippable frame may open a zstd stream: 0x184D2A50 to 5F, little-endian.
  const isSkippable = head.length >= 4 && (head.readUInt32LE(0) & ~0xf) === 0x184d2a50;
  return found?.kind ?? (isSkippable ? 'zstd' : 'none');
}

async function readHead(
  iterator: AsyncIterator<Uint8Array>,
): Promise<{ head: Buffer; done: boolean }> {
  let head = Buffer.alloc(0);
  while (head.length < MAGIC_BYTES) {
    const { value, done } = await iterator.next();
    if (done === true) return { head, done };
    head = Buffer.concat([head, value]);
  }
  return { head, done: false };
}

async function* rejoin(
  head: Buffer,
  rest: AsyncIterator<Uint8Array> | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    if (rest !== undefined) yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    // If the reader leaves before it asks for the rest, the source must still be closed.
    await rest?.return?.();
  }
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    yield* decodedStream(source, zlib.createGunzip({ chunkSize: OUTPUT_BYTES }));
  } catch (error) {
    throw asIntegrityError(error, 'gzip');
  }
}

async function* asBuffers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

/** zlib's own errors concern the data; all others (such as a broken source) pass unchanged. */
export function asIntegrityError(error: unknown, compression: Compression): unknown {
  const code = (error as { code?: unknown } | undefined)?.code;
  const isData = typeof code === 'string' && /^(?:Z_|ZSTD_|ERR_ZSTD|ERR_ZLIB)/.test(code);
  if (!isData) return error;
  const reason = (error as Error).message;
  return new IntegrityError('BAD_COMPRESSION', `decompress ${compression}: ${reason}`, {
    cause: error,
  });
}
