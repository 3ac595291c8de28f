/**
 * Names and ids: what a name may look like, random ids, and names for containers that were given
 * none.
 */
import { UsageError } from '@berth/errors';
import { ADJECTIVES, SURNAMES } from './name-words.ts';
import { randomBelow, randomHex } from './random.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const ID = /^[0-9a-f]{64}$/;
const MAX_NAME_BYTES = 200;

/** Throws a UsageError unless `name` may name a container or a volume. */
export function checkName(kind: 'container' | 'volume', name: string): void {
  if (!NAME.test(name)) {
    throw new UsageError('BAD_NAME', `name ${kind} "${name}": letters, digits, "_", "." and "-" ` +
      'only, and a letter or digit first');
  }
  if (name.length > MAX_NAME_BYTES) {
    throw new UsageError('NAME_TOO_LONG', `name ${kind} "${name.slice(0, 40)}…": ` +
      `${name.length} characters, at most ${MAX_NAME_BYTES}`);
  }
}

/** True if this may be the name of a container or a volume. */
export function isName(text: string): boolean {
  return NAME.test(text) && text.length <= MAX_NAME_BYTES;
}

/** True for a full id of an image or a container: 64 hex digits. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** True if this can be the beginning of an id. */
export function isIdPrefix(text: string): boolean {
  return /^[0-9a-f]{1,64}$/.test(text);
}

/** A new id: 64 random hex digits. The first 12 serve as host name and are never all decimal. */
export function randomId(): string {
  for (;;) {
    const id = randomHex(32);
    if (/[a-f]/.test(id.slice(0, 12))) return id;
  }
}

/** A name such as `brisk_noether`; after some `attempts` with taken names it ends in digits. */
export function randomName(attempts = 0): string {
  const adjective = ADJECTIVES[randomBelow(ADJECTIVES.length)] ?? 'plain';
  const surname = SURNAMES[randomBelow(SURNAMES.length)] ?? 'jones';
  const digits = attempts < 5 ? '' : `_${randomBelow(10 ** Math.min(attempts, 9))}`;
  return `${adjective}_${surname}${digits}`;
}
