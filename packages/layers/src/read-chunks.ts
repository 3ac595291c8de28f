/**
 * Reads an open file or pipe in chunks, all in one buffer. fs.ReadStream allocates a buffer for
 * each chunk and copies what does not fill it, which took a tenth of the time of a layer.
 */
import { read } from 'node:fs';
import { promisify } from 'node:util';

const CHUNK_BYTES = 1 << 18;
const readInto = promisify(read);

/** A part of a file; from where the descriptor stands when `offset` is undefined. */
export interface Part {
  readonly offset?: number;
  readonly sizeBytes: number;
}

/**
 * The part's bytes, or those up to the end of the file if that comes first. A chunk is valid until
 * the next one is asked for.
 */
export async function* readChunks(
  fd: number, { offset, sizeBytes }: Part = { sizeBytes: Infinity },
): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, sizeBytes));
  let done = 0;
  while (done < sizeBytes) {
    const wanted = Math.min(buffer.length, sizeBytes - done);
    const position = offset === undefined ? null : offset + done;
    const { bytesRead } = await readInto(fd, buffer, 0, wanted, position);
    if (bytesRead === 0) return;
    done += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
