/**
 * Writes one blob and hashes it on the way. Writes are synchronous: chunks go to the page cache,
 * and hash and file stay in the same order. Only the wait for the disk is asynchronous.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { closeSync, constants, fsync, ftruncateSync, openSync, readSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { IntegrityError } from '@berth/errors';
import { attempt, storeError } from './fs-errors.ts';
import { PRIVATE_FILE, moveInto, writeAll } from './whole-file.ts';

/** Where a writer keeps its bytes. */
interface BlobTarget {
  readonly digest: string;
  /** While it writes. */
  readonly path: string;
  /** After `suspend`. */
  readonly idlePath: string;
  /** After `finish`. */
  readonly finalPath: string;
}

const READ_BYTES = 1024 * 1024;
const { O_CREAT, O_NOFOLLOW, O_RDWR, O_APPEND } = constants;

/** Exactly one of `finish`, `suspend` and `discard` ends it; after that it may not be used. */
export class BlobWriter {
  readonly #target: BlobTarget;
  readonly #fd: number;
  #hash: Hash;
  #offsetBytes: number;

  private constructor(target: BlobTarget, fd: number) {
    this.#target = target;
    this.#fd = fd;
    this.#hash = createHash('sha256');
    this.#offsetBytes = 0;
  }

  /** Opens a writer at the end of the bytes that `target.path` already has, and hashes those. */
  static async open(target: BlobTarget): Promise<BlobWriter> {
    const flags = O_CREAT | O_RDWR | O_APPEND | O_NOFOLLOW;
    const fd = attempt('open', target.path, () => openSync(target.path, flags, PRIVATE_FILE));
    const writer = new BlobWriter(target, fd);
    await writer.#hashWhatIsThere();
    return writer;
  }

  /** How many bytes of the blob are written: where the next `write` continues. */
  get offsetBytes(): number {
    return this.#offsetBytes;
  }

  /**
   * The chunk is hashed, and given to the operating system. Throws a SystemError when the disk is
   * full.
   */
  write(chunk: Uint8Array): void {
    attempt('write', this.#target.path, () => writeAll(this.#fd, chunk));
    this.#hash.update(chunk);
    this.#offsetBytes += chunk.length;
  }

  /** Starts again with an empty blob, because the source could not resume. */
  restart(): void {
    attempt('truncate', this.#target.path, () => ftruncateSync(this.#fd, 0));
    this.#hash = createHash('sha256');
    this.#offsetBytes = 0;
  }

  /**
   * The blob is in the store, verified and on the disk. Throws an IntegrityError when the content
   * does not match the digest; nothing is left then.
   */
  async finish(): Promise<void> {
    const { digest, path, finalPath } = this.#target;
    const actual = `sha256:${this.#hash.digest('hex')}`;
    if (actual !== digest) {
      this.discard();
      throw new IntegrityError('DIGEST_MISMATCH',
        `verify blob "${digest}": the content is "${actual}"`, { details: { digest, actual } });
    }
    try {
      await promisify(fsync)(this.#fd);
    } catch (error) {
      this.discard();
      throw storeError(error, 'write', path);
    }
    this.#close();
    moveInto(path, finalPath);
  }

  /** Keeps the bytes for the next writer of this blob. */
  suspend(): void {
    this.#close();
    if (this.#offsetBytes === 0) rmSync(this.#target.path, { force: true });
    else moveInto(this.#target.path, this.#target.idlePath);
  }

  /** Nothing is left. */
  discard(): void {
    this.#close();
    rmSync(this.#target.path, { force: true });
  }

  #close(): void {
    attempt('close', this.#target.path, () => closeSync(this.#fd));
  }

  async #hashWhatIsThere(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const count = attempt('read', this.#target.path, () =>
        readSync(this.#fd, buffer, 0, READ_BYTES, this.#offsetBytes));
      if (count === 0) return;
      this.#hash.update(buffer.subarray(0, count));
      this.#offsetBytes += count;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
