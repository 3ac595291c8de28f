/**
 * images/<id>/origins/: one record for each manifest, and each index, under which an image was
 * seen. A record's name is the digest and a key of the repository.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { EngineError } from '@berth/errors';
import { checkDigest } from './digest-path.ts';
import { unless } from './fs-errors.ts';
import type { ImageOrigin } from './records.ts';
import { listDirectory, readRecord } from './whole-file.ts';

const ORIGIN = /^[0-9a-f]{64}\.[0-9a-f]{16}$/;
const KEY_LENGTH = 16;

/** The manifests, oldest first. Damaged records are left out. */
export function readOrigins(directory: string): ImageOrigin[] {
  const found = (originNames(directory) ?? []).flatMap((name) => {
    const origin = originOrNothing(join(directory, name));
    const isOwn = origin !== undefined && name.startsWith(checkDigest(origin.manifestDigest));
    return isOwn ? [origin] : [];
  });
  return found.sort((one, other) => one.seenAtMs - other.seenAtMs);
}

/** Paths of the unreadable records; if the folder is unreadable, its path. */
export function damagedOrigins(directory: string): string[] {
  const names = originNames(directory);
  if (names === undefined) return [directory];
  return names.map((name) => join(directory, name))
    .filter((path) => originOrNothing(path) === undefined);
}

/** True when there is a record under this digest; opens no file. */
export function hasOrigin(directory: string, digest: string): boolean {
  const hex = checkDigest(digest);
  return originNames(directory)?.some((name) => name.startsWith(`${hex}.`)) ?? false;
}

/** Names and texts of the records of an origin. */
export function originFiles(origin: ImageOrigin): [name: string, text: string][] {
  const key = createHash('sha256').update(origin.repository).digest('hex').slice(0, KEY_LENGTH);
  const digests = [origin.manifestDigest, ...(origin.indexDigest ? [origin.indexDigest] : [])];
  const text = JSON.stringify({ version: 1, ...origin });
  return digests.map((digest) => [`${checkDigest(digest)}.${key}`, text]);
}

/** Undefined if the folder may not be read. */
function originNames(directory: string): string[] | undefined {
  return unless(['NO_ACCESS'], () => listDirectory(directory))?.filter((name) => ORIGIN.test(name));
}

function originOrNothing(path: string): ImageOrigin | undefined {
  try {
    const origin = readRecord<ImageOrigin & { version: 1 }>(path);
    if (origin !== undefined) checkDigest(origin.manifestDigest);
    return origin;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}
