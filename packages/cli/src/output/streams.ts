/**
 * Writes to standard output and standard error by plain write(2). The runtimes' own stream objects
 * are never used, because they change the mode of descriptors that a container may be given.
 */
import { writeSync } from 'node:fs';
import { showControls, SystemError } from '@berth/errors';
import { isTerminal } from './terminal.ts';

const RETRY_MS = 2;

/**
 * Writes the whole text to standard output; a terminal gets no control characters of it. Bytes are
 * written as they are. When the reader is gone, the program ends silently.
 */
export function print(text: string | Uint8Array): void {
  writeAll(1, typeof text === 'string' && isTerminal(1) ? showControls(text) : text);
}

/**
 * Writes the whole text to standard error, without control characters; bytes as they are. Errors
 * are ignored, since they can't be shown anywhere.
 */
export function printError(text: string | Uint8Array): void {
  try {
    writeAll(2, typeof text === 'string' ? showControls(text) : text);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}

/** Writes all bytes to a descriptor; when it is full, waits until it can take more. */
export function writeAll(descriptor: number, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let at = 0;
  while (at < bytes.length) {
    at += writeSome(descriptor, bytes.subarray(at));
  }
}

const BROKEN_PIPE_STATUS = 141;

function writeSome(descriptor: number, bytes: Uint8Array): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      return 0;
    }
    if (code === 'EPIPE') {
      process.exit(BROKEN_PIPE_STATUS);
    }
    const stream = descriptor === 1 ? 'standard output' : 'standard error';
    throw new SystemError('OUTPUT_LOST', `write ${stream}`, { cause: error });
  }
}
