/**
 * How image names are written as file names, and which stored names a typed name can mean. Pure.
 *
 * A name on disk is the full reference with `/` written as `+`, which no reference contains.
 */
import { UsageError } from '@berth/errors';
import { formatReference, parseReference, qualify } from '@berth/oci';
import type { ImageName } from '@berth/oci';

const MAX_FILE_NAME_BYTES = 255;

/** The file name of a full reference. Throws a UsageError if it is too long or invalid. */
export function encodeImageName(reference: string): string {
  const name = formatReference(parseReference(reference)).replaceAll('/', '+');
  if (name.length > MAX_FILE_NAME_BYTES) {
    throw new UsageError('NAME_TOO_LONG', `name image "${reference.slice(0, 40)}…": ` +
      `${name.length} characters, at most ${MAX_FILE_NAME_BYTES}`);
  }
  return name;
}

/** The full reference of a file name made by `encodeImageName`. */
export function decodeImageName(fileName: string): string {
  return fileName.replaceAll('+', '/');
}

/**
 * The full repositories that a typed name may mean, in the order in which they are tried: one
 * with a registry means itself; a short one localhost/NAME, then its alias, then NAME in each
 * search registry, then docker.io/NAME (`library/` added where Docker Hub adds it).
 */
export function candidateRepositories(
  name: ImageName,
  search: { aliases: Readonly<Record<string, string>>; registries: readonly string[] },
): string[] {
  const at = (registry: string): string => {
    const reference = qualify(name, registry);
    return `${reference.registry}/${reference.repository}`;
  };
  if (name.registry !== undefined) return [at(name.registry)];
  const alias = search.aliases[name.repository];
  return [
    at('localhost'),
    ...(alias === undefined ? [] : [alias]),
    ...search.registries.map(at),
    at('docker.io'),
  ];
}

/** True when the stored name ends with the typed one at a slash. */
export function endsWithName(stored: string, typed: string): boolean {
  return stored === typed || stored.endsWith(`/${typed}`);
}
