/** Recognises compressed archives by their first bytes and undoes them while they stream. */
import { spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import zlib from 'node:zlib';
import { IntegrityError, UnsupportedError } from '@berth/errors';

/** What a file's first bytes say it is. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

/** Decompresses zstd if the runtime can't; given by the owner of such a decoder. */
export interface Decompressors {
  readonly zstd?: (() => Duplex) | undefined;
}

interface Decompression {
  readonly compression: Compression;
  /** Of the archive, for messages. */
  readonly name: string;
  readonly decompressors: Decompressors | undefined;
}

/** As many first bytes as `detectCompression` looks at. */
export const MAGIC_BYTES = 6;

const CHUNK_BYTES = 256 * 1024;
const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** The compression whose magic `head` begins with. */
export function detectCompression(head: Uint8Array): Compression {
  const found = MAGICS.find(([, magic]) => magic.every((byte, at) => head[at] === byte));
  return found?.[0] ?? 'none';
}

/**
 * The plain bytes of `source`, which is destroyed when the iteration ends early. Throws
 * IntegrityError for damaged or truncated input, UnsupportedError where no decoder exists.
 */
export async function* decompress(
  source: Readable,
  job: Decompression,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* decoded(source, job) as AsyncIterable<Buffer>;
  } catch (error) {
    throw explain(error, job);
  } finally {
    source.destroy();
  }
}

function decoded(source: Readable, job: Decompression): AsyncIterable<unknown> {
  const { compression } = job;
  if (compression === 'none') return source;
  if (compression === 'gzip') return piped(source, zlib.createGunzip({ chunkSize: CHUNK_BYTES }));
  const zstd = compression === 'zstd' ? createZstd(job.decompressors) : undefined;
  if (zstd !== undefined) return piped(source, zstd);
  return throughProgram(source, compression);
}

function piped(source: Readable, decoder: Duplex): AsyncIterable<unknown> {
  // Errors of the source reach the reader through the decoder, which `pipeline` destroys with them.
  return pipeline(source, decoder, () => undefined);
}

function createZstd(given: Decompressors | undefined): Duplex | undefined {
  // Node has it since 22.15; the types in use are older.
  const create: unknown = (zlib as Record<string, unknown>)['createZstdDecompress'];
  if (typeof create === 'function') return (create as () => Duplex)();
  return given?.zstd?.();
}

/** For formats that the runtime does not know, the host's own program decompresses. */
async function* throughProgram(source: Readable, program: string): AsyncGenerator<Buffer> {
  const child = spawn(program, ['-d', '-c'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  ended.catch(() => undefined);
  let sourceError: Error | undefined;
  pipeline(source, child.stdin, (error) => {
    // EPIPE only says that the program gave up; its exit status says why.
    if (error !== null && error !== undefined && error.code !== 'EPIPE') sourceError = error;
  });
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const status = await ended;
    if (sourceError !== undefined) throw sourceError;
    if (status !== 0) throw Object.assign(new Error('damaged'), { code: 'Z_DATA_ERROR' });
  } finally {
    child.kill();
  }
}

function explain(error: unknown, { compression, name }: Decompression): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (
    code === 'ENOENT' &&
    error instanceof Error &&
    'syscall' in error &&
    String(error.syscall).startsWith('spawn')
  ) {
    return new UnsupportedError(
      'NO_DECODER',
      `read archive "${name}": no program "${compression}" to undo its compression`,
      {
        hint: `install ${compression === 'xz' ? 'xz-utils' : compression}`,
      },
    );
  }
  if (!/^(Z_|ZSTD_|ERR_ZLIB)/.test(code)) return error;
  const reason = code === 'Z_BUF_ERROR' ? 'it is cut off' : 'its compressed data is damaged';
  return new IntegrityError('BAD_ARCHIVE', `read archive "${name}": ${reason}`);
}
