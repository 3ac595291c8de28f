/** Decompresses xz and bzip2 with the host's own programs. All other data passes unchanged. */
import { Readable } from 'node:stream';
import { decompress, detectCompression } from './compression.ts';
import { peek } from './stream-head.ts';

/** True when bytes that begin like this have to go through `undoForeignCompression`. */
export function isForeignCompression(head: Uint8Array): boolean {
  const compression = detectCompression(head);
  return compression === 'xz' || compression === 'bzip2';
}

/**
 * The stream's bytes, without xz or bzip2 around them. Throws IntegrityError for damaged input,
 * UnsupportedError where the program is missing. The stream is destroyed at the end.
 */
export async function* undoForeignCompression(
  stream: Readable,
  name: string,
): AsyncGenerator<Buffer> {
  const { head, whole } = await peek(stream);
  const compression = detectCompression(head);
  if (isForeignCompression(head)) {
    yield* decompress(Readable.from(whole, { objectMode: false, highWaterMark: 1 << 18 }), {
      compression, name, decompressors: undefined,
    });
  } else {
    yield* whole;
  }
}
