/** Content digests: `sha256:<hex>`, parsed strictly since they become file names. */
import { createHash, type Hash } from 'node:crypto';
import { UsageError } from '@berth/errors';

/** An algorithm and lower-case hex digits, made only by parseDigest() and digestOf(). */
export type Digest = string & { readonly __digest: unique symbol };

const FORM = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The digest in `text`. Throws UsageError for other algorithms and for anything but hex digits. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new UsageError(
      'BAD_DIGEST',
      `read the digest "${text.slice(0, 200)}": not sha256:<64 hex digits>`,
    );
  }
  return text;
}

/** Whether `text` is a digest. */
export function isDigest(text: string): text is Digest {
  return FORM.test(text);
}

/** What stands before the colon. */
export function digestAlgorithm(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

/** The hex digits. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The SHA-256 of these bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** Hashes content while it streams by. */
export class Digester {
  private readonly hash: Hash;
  private readonly algorithm: string;

  constructor(algorithm = 'sha256') {
    this.algorithm = algorithm;
    this.hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.hash.update(bytes);
  }

  /** The digest of everything so far; nothing can be added after it. */
  digest(): Digest {
    return `${this.algorithm}:${this.hash.digest('hex')}` as Digest;
  }
}
