/** The digest of a file's content, in memory of one chunk. */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { attempt } from './fs-errors.ts';

const CHUNK_BYTES = 1 << 20;

/** `sha256:…` of the file. Throws a SystemError that names it. */
export function fileDigest(path: string): string {
  return attempt('read', path, () => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const hash = createHash('sha256');
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      for (let count = readSync(fd, chunk); count > 0; count = readSync(fd, chunk)) {
        hash.update(chunk.subarray(0, count));
      }
      return `sha256:${hash.digest('hex')}`;
    } finally {
      closeSync(fd);
    }
  });
}
