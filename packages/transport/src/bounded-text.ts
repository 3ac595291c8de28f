/**
 * Texts that a user names or pipes in: configuration, lists of variables, ids. Where others can
 * write too, one may have no end (a sparse file, a link to /dev/zero), and would fill all memory,
 * or be a pipe that nobody writes to, and would keep the command waiting.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { UsageError } from '@berth/errors';

/** More than any of them has. */
const MAX_MIB = 16;
const MAX_BYTES = MAX_MIB << 20;
const CHUNK_BYTES = 64 << 10;

/**
 * The whole text. A pipe of the user's own is waited for. Throws UsageError for a larger text and
 * for the pipe of another user, otherwise what node:fs throws.
 */
export function readBounded(file: string | number): string {
  return typeof file === 'number' ? readToEnd(file) : readFile(file, isOwnPipe(file));
}

/** As readBounded(), but no pipe with a name is waited for. */
export function readBoundedFile(path: string): string {
  return readFile(path, false);
}

function readFile(path: string, waits: boolean): string {
  const mayWait = waits || HANDED_OVER.test(path);
  const fd = openSync(path, constants.O_RDONLY | (mayWait ? 0 : constants.O_NONBLOCK));
  try {
    if (!mayWait && fstatSync(fd).isFIFO()) throw new UsageError('IS_PIPE', 'it is a pipe');
    return readToEnd(fd);
  } finally {
    closeSync(fd);
  }
}

/** Descriptors that the caller has opened, such as that of `<(command)`. */
const HANDED_OVER = /^\/(proc|dev)\/(self\/|[0-9]+\/)?(fd\/|stdin$)/;

function isOwnPipe(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status?.isFIFO() === true && [0, process.getuid?.()].includes(status.uid);
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
