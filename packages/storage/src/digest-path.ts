/** Turns digests into file names: only a well-formed digest becomes part of a path. */
import { IntegrityError } from '@berth/errors';

const SHA256 = /^sha256:([0-9a-f]{64})$/;

/** The 64 hex digits of a `sha256:…` digest. Throws an IntegrityError for anything else. */
export function checkDigest(digest: string): string {
  const hex = SHA256.exec(digest)?.[1];
  if (hex === undefined) {
    throw new IntegrityError('BAD_DIGEST', `use digest "${digest.slice(0, 100)}": not sha256 and ` +
      '64 hex digits');
  }
  return hex;
}
