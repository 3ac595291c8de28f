/**
 * Texts that a user names or pipes in: configuration, lists of variables, ids. Where others can
 * write too, one may have no end (a sparse file, a link to /dev/zero), and would fill all memory.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { UsageError } from '@berth/errors';

/** More than any of them has. */
const MAX_MIB = 16;
const MAX_BYTES = MAX_MIB << 20;
const CHUNK_BYTES = 64 << 10;

/** The whole text. Throws UsageError for a larger one, otherwise what node:fs throws. */
export function readBounded(file: string | number): string {
  if (typeof file === 'number') return readToEnd(file);
  const fd = openSync(file, 'r');
  try {
    return readToEnd(fd);
  } finally {
    closeSync(fd);
  }
}

/** A pipe has no size, and gives what is there. */
function readToEnd(fd: number): string {
  const chunks: Buffer[] = [];
  for (let size = 0; size <= MAX_BYTES;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const got = readSync(fd, chunk);
    if (got === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk.subarray(0, got));
    size += got;
  }
  throw new UsageError('TOO_LARGE', `it is larger than ${MAX_MIB} MiB`);
}
