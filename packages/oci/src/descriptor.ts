/** Descriptors: how the documents of an image refer to one another. */
import { IntegrityError } from '@berth/errors';
import { isDigest, type Digest } from './digest.ts';
import type { Platform } from './platform.ts';

/** Points at content by its digest (image-spec, descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  platform?: Platform;
  annotations?: Record<string, string>;
  /** Where a foreign layer lies; never sent credentials. */
  urls?: string[];
}

/** The largest blob that is believed: 1 TiB. */
const MAX_BLOB_BYTES = 2 ** 40;

/** Checks an untrusted descriptor. Throws IntegrityError that names `where`. */
export function checkDescriptor(value: unknown, where: string): Descriptor {
  if (typeof value !== 'object' || value === null) {
    throw new IntegrityError('BAD_DESCRIPTOR', `read ${where}: not a descriptor`);
  }
  const { mediaType, digest, size, platform, annotations, urls } = value as Record<string, unknown>;
  if (typeof digest !== 'string' || !isDigest(digest)) {
    throw new IntegrityError(
      'BAD_DIGEST',
      `read ${where}: "${shown(digest)}" is not a digest`,
    );
  }
  if (
    typeof size !== 'number' ||
    !Number.isSafeInteger(size) ||
    size < 0 ||
    size > MAX_BLOB_BYTES
  ) {
    throw new IntegrityError('BAD_SIZE', `read ${where}: its size ${shown(size)} is impossible`);
  }
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    size,
    ...(isRecord(platform) ? { platform: platform as unknown as Platform } : {}),
    ...(isRecord(annotations) ? { annotations: stringsOf(annotations) } : {}),
    ...(Array.isArray(urls) ? { urls: urls.filter((url) => typeof url === 'string') } : {}),
  };
}

/** Whether it is an object of JSON, neither an array nor null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The entries whose values are strings. */
export function stringsOf(value: unknown): Record<string, string> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** What a document has somewhere, for a message: String() would call what it names toString. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return (text ?? 'nothing').slice(0, 100);
}
