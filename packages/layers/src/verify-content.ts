/** Checks that an open file holds exactly the bytes whose hash is in the recipe. */
import * as crypto from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import type { ExpectedNode } from './expected-tree.ts';
import type { DataSegment } from './tar-entry.ts';

const ALGORITHM = 'sha256';
const BLOCK_BYTES = 4096;
const SECTOR_BYTES = 512;
const buffer = Buffer.allocUnsafe(1 << 20);
const zeros = Buffer.alloc(1 << 16);

/** How the content differs, or undefined. The caller that reads the status compares the length. */
export function contentDifference(fd: number, node: ExpectedNode): string | undefined {
  const { payload, sizeBytes } = node;
  const isSparse = payload === undefined || payload.segments.length > 0;
  const digest = isSparse
    ? digestOfSegments(fd, payload?.segments ?? [])
    : digestOfWhole(fd, sizeBytes);
  if (payload !== undefined && !digest.equals(payload.sha256)) return 'has another content';
  if (isSparse && holesAreFilled(fd, node)) return 'has another content';
  return undefined;
}

function digestOfWhole(fd: number, sizeBytes: number): Buffer {
  if (sizeBytes <= buffer.length) {
    const length = readFully(fd, 0, sizeBytes);
    return hashOnce(buffer.subarray(0, length));
  }
  return digestOfSegments(fd, [{ offset: 0, length: sizeBytes }]);
}

/** Hashing in one call saves making a hash object; `hash` came with Node 20.12. */
function hashOnce(bytes: Buffer): Buffer {
  if (typeof crypto.hash === 'function') return crypto.hash(ALGORITHM, bytes, 'buffer');
  return crypto.createHash(ALGORITHM).update(bytes).digest();
}

function digestOfSegments(fd: number, segments: readonly DataSegment[]): Buffer {
  const hash = crypto.createHash(ALGORITHM);
  for (const { offset, length } of segments) {
    for (let done = 0; done < length; ) {
      const count = readFully(fd, offset + done, length - done);
      if (count === 0) break;
      hash.update(buffer.subarray(0, count));
      done += count;
    }
  }
  return hash.digest();
}

/** Holes are read only if the file takes more of the disk than its pieces need. */
function holesAreFilled(fd: number, { payload, sizeBytes }: ExpectedNode): boolean {
  const segments = payload?.segments ?? [];
  const needed = segments.reduce((sum, { length }) => sum + length + 2 * BLOCK_BYTES, 0);
  if (fstatSync(fd).blocks * SECTOR_BYTES <= needed) return false;
  let at = 0;
  for (const { offset, length } of [...segments, { offset: sizeBytes, length: 0 }]) {
    if (!isZero(fd, at, offset)) return true;
    at = offset + length;
  }
  return false;
}

function isZero(fd: number, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const count = readFully(fd, at, Math.min(end - at, zeros.length));
    if (count === 0) return true;
    if (!buffer.subarray(0, count).equals(zeros.subarray(0, count))) return false;
    at += count;
  }
  return true;
}

/** Fills the buffer with up to `length` bytes from `position`; returns how many there are. */
function readFully(fd: number, position: number, length: number): number {
  const wanted = Math.min(length, buffer.length);
  let done = 0;
  while (done < wanted) {
    const count = readSync(fd, buffer, done, wanted - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
