/**
 * How image names are written as file names, and which stored names a short name can mean. Pure.
 *
 * A name on disk is the full reference with `/` as `+`, which no reference contains.
 */
import { UsageError } from '@berth/errors';

/** A name as a user types it, taken apart. */
export interface NameParts {
  /** Registry and repository, or what was typed of them. */
  readonly repository: string;
  /** True when the first part can only be a registry: it has a dot, a port, or is localhost. */
  readonly isQualified: boolean;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const MAX_FILE_NAME_BYTES = 255;
const FILE_NAME = /^[a-z0-9[][A-Za-z0-9_.:+@[\]-]*$/;
const DEFAULT_TAG = 'latest';

/** The file name of a full reference. Throws a UsageError for one that is too long or no name. */
export function encodeImageName(reference: string): string {
  const name = reference.replaceAll('/', '+');
  if (reference.includes('+') || !FILE_NAME.test(name)) {
    throw new UsageError('BAD_IMAGE_NAME', `name image "${reference}": not a reference`);
  }
  if (Buffer.byteLength(name) > MAX_FILE_NAME_BYTES) {
    throw new UsageError('NAME_TOO_LONG', `name image "${reference.slice(0, 40)}…": ` +
      `${name.length} characters, at most ${MAX_FILE_NAME_BYTES}`);
  }
  return name;
}

/** The full reference of a file name made by `encodeImageName`. */
export function decodeImageName(fileName: string): string {
  return fileName.replaceAll('+', '/');
}

/** Takes a typed name apart; `busybox`, `quay.io/a/b:1`, `localhost:5000/a@sha256:…`. */
export function splitImageName(text: string): NameParts {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/') && colon > 0;
  const repository = hasTag ? named.slice(0, colon) : named;
  const slash = repository.indexOf('/');
  const first = slash < 0 ? '' : repository.slice(0, slash);
  return {
    repository,
    isQualified: first === 'localhost' || /[.:]/.test(first),
    tag: hasTag ? named.slice(colon + 1) : undefined,
    digest,
  };
}

/**
 * The full repositories that a typed one may mean, in the order in which they are tried:
 * a qualified name means itself (`docker.io/x` also `docker.io/library/x`); a short one
 * localhost/NAME, then an alias, then each search registry, then docker.io.
 */
export function candidateRepositories(
  parts: NameParts,
  search: { aliases: Readonly<Record<string, string>>; registries: readonly string[] },
): string[] {
  const { repository } = parts;
  if (parts.isQualified) return withLibrary(repository);
  const alias = search.aliases[repository];
  return [
    `localhost/${repository}`,
    ...(alias === undefined ? [] : [alias]),
    ...search.registries.flatMap((registry) => withLibrary(`${registry}/${repository}`)),
    ...withLibrary(`docker.io/${repository}`),
  ];
}

function withLibrary(repository: string): string[] {
  const official = /^docker\.io\/([^/]+)$/.exec(repository)?.[1];
  return official === undefined ? [repository] : [`docker.io/library/${official}`];
}

/** The tag that a name without tag and digest means. */
export function tagOf(parts: NameParts): string {
  return parts.tag ?? DEFAULT_TAG;
}

/** True when the stored `repository` ends with the typed one at a slash. */
export function endsWithRepository(repository: string, typed: string): boolean {
  return repository === typed || repository.endsWith(`/${typed}`);
}
