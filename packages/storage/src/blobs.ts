/**
 * blobs/: content under its digest. A blob is visible once it is whole, verified and on the disk.
 * Downloads go to blobs/partial/<hex>,<owner>. If a download was stopped or killed, the next one
 * takes it over, by a rename in which only one process succeeds, and resumes it at its end.
 */
import { createHash } from 'node:crypto';
import { lstatSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { IntegrityError, NotFoundError } from '@berth/errors';
import { BlobWriter } from './blob-writer.ts';
import { checkDigest } from './digest-path.ts';
import { attempt, ifThere } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { isOwnerDead } from './owner.ts';
import { isThereSoon } from './put-back.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import { ensureDirectory, listDirectory, readIfThere } from './whole-file.ts';

export { BlobWriter } from './blob-writer.ts';

/** An unfinished download that nobody is writing. */
export interface PartialBlob {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

const ALGORITHM = 'sha256';

/** Access to blobs/. */
export class BlobStore {
  readonly #layout: Layout;
  readonly #staging: Staging;
  readonly #trash: Trash;

  constructor(layout: Layout, staging: Staging, trash: Trash) {
    this.#layout = layout;
    this.#staging = staging;
    this.#trash = trash;
  }

  /** Where the blob is, or would be. Throws an IntegrityError if this is not a sha256 digest. */
  path(digest: string): string {
    return join(this.#layout.blobs, checkDigest(digest));
  }

  has(digest: string): boolean {
    return this.sizeBytes(digest) !== undefined;
  }

  sizeBytes(digest: string): number | undefined {
    const path = this.path(digest);
    return attempt('look at', path, () => ifThere(() => lstatSync(path)))?.size;
  }

  /**
   * The verified content of a manifest or config. Throws a NotFoundError when the blob is missing,
   * an IntegrityError when it is damaged or larger than `limitBytes`.
   */
  read(digest: string, limitBytes = 8 * 1024 * 1024): Buffer {
    const size = this.sizeBytes(digest);
    if (size === undefined) {
      throw missing(digest);
    }
    if (size > limitBytes) {
      throw new IntegrityError('BLOB_TOO_LARGE',
        `read blob "${digest}": ${size} bytes, at most ${limitBytes}`);
    }
    const path = this.path(digest);
    const bytes = readIfThere(path) ?? Buffer.alloc(0);
    if (digestOf(bytes) !== digest) {
      throw new IntegrityError('DAMAGED_BLOB', `read "${path}": its content is not "${digest}"`, {
        hint: 'berth rmi --force the image and pull it again', details: { path, digest },
      });
    }
    return bytes;
  }

  /**
   * Like read(), but trusts the check at writing: for commands that have no time for hashing. If a
   * crash of the machine cut the file short, the parser refuses it.
   */
  readTrusted(digest: string): Buffer {
    const path = this.path(digest);
    let bytes = readIfThere(path);
    // A collection may have taken it for a moment, and put it back.
    if (bytes === undefined) {
      const read = (): boolean => (bytes = readIfThere(path)) !== undefined;
      isThereSoon(read, () => this.#trash.putBackLeft(path));
    }
    if (bytes === undefined) throw missing(digest);
    return bytes;
  }

  /** The content is in the store and on the disk; returns its digest. Idempotent, atomic. */
  write(content: Uint8Array): string {
    const digest = digestOf(content);
    if (this.sizeBytes(digest) !== content.length) {
      this.#staging.replaceFile(this.path(digest), content, 'durable');
    }
    return digest;
  }

  /**
   * A writer for the blob. It continues at the end of an earlier download: see `offsetBytes`. Two
   * writers of one blob do not disturb each other; both publish the same content.
   */
  async open(digest: string): Promise<BlobWriter> {
    const hex = checkDigest(digest);
    ensureDirectory(this.#layout.partialBlobs);
    const mine = join(this.#layout.partialBlobs, `${hex},${this.#staging.owner()}`);
    for (const partial of this.partials(hex)) {
      const won = attempt('take over', partial.path, () =>
        ifThere(() => (renameSync(partial.path, mine), true)));
      if (won !== undefined) break;
    }
    const idle = join(this.#layout.partialBlobs, hex);
    return BlobWriter.open({ digest, path: mine, idlePath: idle, finalPath: this.path(digest) });
  }

  /** Unfinished downloads that nobody is writing, of one blob or of all, the longest first. */
  partials(hex?: string): PartialBlob[] {
    const found = listDirectory(this.#layout.partialBlobs).flatMap((name) => {
      const comma = name.indexOf(',');
      if (hex !== undefined && name.slice(0, comma < 0 ? undefined : comma) !== hex) return [];
      const path = join(this.#layout.partialBlobs, name);
      const status = attempt('look at', path, () => ifThere(() => lstatSync(path)));
      if (status === undefined) return [];
      const isIdle = comma < 0
        || isOwnerDead(name.slice(comma + 1), status.mtimeMs, this.#staging.facts());
      return isIdle ? [{ path, sizeBytes: status.size, modifiedAtMs: status.mtimeMs }] : [];
    });
    return found.sort((one, other) => other.sizeBytes - one.sizeBytes);
  }

  /** The blob is gone; returns how many bytes that freed. Idempotent. */
  remove(digest: string): number {
    const path = this.path(digest);
    const size = this.sizeBytes(digest) ?? 0;
    attempt('remove', path, () => rmSync(path, { force: true }));
    return size;
  }

  /** Digests of all blobs. */
  list(): string[] {
    return listDirectory(this.#layout.blobs)
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((hex) => `${ALGORITHM}:${hex}`);
  }
}

function missing(digest: string): NotFoundError {
  return new NotFoundError('NO_SUCH_BLOB', `read blob "${digest}": not in the store`, {
    hint: 'pull the image again: berth pull IMAGE',
  });
}

/** `sha256:…` of the bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `${ALGORITHM}:${createHash(ALGORITHM).update(bytes).digest('hex')}`;
}
