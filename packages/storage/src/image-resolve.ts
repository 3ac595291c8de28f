/**
 * Which local image a user means. In this order, and the first rule that finds something decides:
 *
 * 1. `sha256:<64 hex>` and 64 hex digits: an image id, else the digest of a manifest or index;
 * 2. NAME@DIGEST: an image seen under that digest in a repository that NAME can mean;
 * 3. a name whose first part is a registry (has `.` or `:`, or is `localhost`): exactly that;
 * 4. a short name: localhost/NAME, its alias, NAME in each search registry, docker.io/NAME;
 * 5. a short name: the one local image whose repository ends with `/NAME`, tag equal;
 * 6. three or more hex digits: the one image whose id begins so.
 *
 * Reading registries.conf takes longer than all the rest, so it is asked only where
 * `localhost/NAME` is not there and not exactly one image bears the name.
 */
import { ConflictError, NotFoundError, UsageError } from '@berth/errors';
import { DEFAULT_TAG, parseImageName, parseReference } from '@berth/oci';
import type { ImageName } from '@berth/oci';
import { candidateRepositories, endsWithName } from './image-names.ts';
import { isId, isIdPrefix } from './names.ts';
import type { ImageOrigin } from './records.ts';

/** What else a short name can mean; from registries.conf. */
export interface ResolveOptions {
  readonly aliases?: Readonly<Record<string, string>> | undefined;
  readonly searchRegistries?: readonly string[] | undefined;
}

/** What the rules look at. */
export interface ImageIndex {
  ids(): string[];
  names(): Map<string, string>;
  exists(id: string): boolean;
  lookUp(reference: string): string | undefined;
  idsOfManifest(digest: string): string[];
  origins(id: string): ImageOrigin[];
}

interface Resolved {
  readonly id: string;
  /** The full reference that was found; undefined if the image was found by an id or a digest. */
  readonly name: string | undefined;
}

const MIN_PREFIX = 3;
const SHA256 = /^sha256:[0-9a-f]{64}$/;

/**
 * Throws a NotFoundError when no rule finds an image, a ConflictError when one finds several.
 * `shortNames` is called only when a short name is not clear by itself.
 */
export function resolveImage(
  index: ImageIndex,
  text: string,
  shortNames: () => ResolveOptions,
): Resolved {
  const found = byDigest(index, text) ?? byName(index, text, shortNames)
    ?? byPrefix(index, text) ?? byConfiguredName(index, text, shortNames);
  if (found !== undefined) return found;
  throw new NotFoundError('NO_SUCH_IMAGE', `find image "${text}": no such image`, {
    hint: `berth pull ${text}`,
  });
}

function byDigest(index: ImageIndex, text: string): Resolved | undefined {
  const digest = isId(text) ? `sha256:${text}` : text;
  if (!SHA256.test(digest)) return undefined;
  const id = digest.slice('sha256:'.length);
  if (index.exists(id)) return { id, name: undefined };
  return single(text, index.idsOfManifest(digest).map((other) => ({ id: other, name: undefined })));
}

function byName(
  index: ImageIndex,
  text: string,
  shortNames: () => ResolveOptions,
): Resolved | undefined {
  const typed = parseOrNothing(text);
  if (typed === undefined) return undefined;
  const repositories = candidateRepositories(typed, { aliases: {}, registries: [] });
  if (typed.digest !== undefined) return byNamedDigest(index, text, { typed, repositories });
  // The first candidate of a short name is localhost/NAME; it has priority over all others.
  const exact = firstNamed(index, { typed, repositories: repositories.slice(0, 1) });
  if (exact !== undefined || typed.registry !== undefined) return exact;
  const ending = `${typed.repository}:${typed.tag ?? DEFAULT_TAG}`;
  const matches = [...index.names()].filter(([name]) => endsWithName(name, ending))
    .map(([name, id]) => ({ id, name }));
  const configured = matches.length > 1 ? byConfiguredName(index, text, shortNames) : undefined;
  return configured ?? single(text, matches);
}

/** An image that a short name means by registries.conf, or docker.io/NAME. */
function byConfiguredName(
  index: ImageIndex,
  text: string,
  shortNames: () => ResolveOptions,
): Resolved | undefined {
  const typed = parseOrNothing(text);
  if (typed === undefined || typed.registry !== undefined) return undefined;
  const { aliases = {}, searchRegistries = [] } = shortNames();
  const repositories = candidateRepositories(typed, { aliases, registries: searchRegistries });
  if (typed.digest !== undefined) return byNamedDigest(index, text, { typed, repositories });
  return firstNamed(index, { typed, repositories });
}

function firstNamed(
  index: ImageIndex,
  { typed, repositories }: { typed: ImageName; repositories: readonly string[] },
): Resolved | undefined {
  for (const repository of repositories) {
    const name = `${repository}:${typed.tag ?? DEFAULT_TAG}`;
    const id = index.lookUp(name);
    if (id !== undefined) return { id, name };
  }
  return undefined;
}

/** Text that is no reference, such as an id in upper case, can't be a name. */
function parseOrNothing(text: string): ImageName | undefined {
  try {
    return parseImageName(text);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function byNamedDigest(
  index: ImageIndex,
  text: string,
  { typed, repositories }: { typed: ImageName; repositories: readonly string[] },
): Resolved | undefined {
  const digest = typed.digest ?? '';
  if (!SHA256.test(digest)) return undefined;
  for (const repository of repositories) {
    const name = `${repository}@${digest}`;
    const id = index.lookUp(name);
    if (id !== undefined) return { id, name };
  }
  const fits = (repository: string): boolean => repositories.includes(repository)
    || (typed.registry === undefined && endsWithName(repository, typed.repository));
  const ids = index.idsOfManifest(digest).filter((id) => index.origins(id)
    .flatMap(({ repository: seen }) => (seen === '' ? ownRepositories(index, id) : [seen]))
    .some(fits));
  return single(text, ids.map((id) => ({ id, name: undefined })));
}

/** An image from an archive has its digests in the repositories of its names. */
function ownRepositories(index: ImageIndex, id: string): string[] {
  return [...index.names()].flatMap(([name, of]) => {
    const { registry, repository } = parseReference(name);
    return of === id ? [`${registry}/${repository}`] : [];
  });
}

function byPrefix(index: ImageIndex, text: string): Resolved | undefined {
  if (text.length < MIN_PREFIX || !isIdPrefix(text)) return undefined;
  const ids = index.ids().filter((id) => id.startsWith(text) && index.exists(id));
  return single(text, ids.map((id) => ({ id, name: undefined })));
}

/** The one image that was found, under its first name; throws when there are several. */
function single(text: string, matches: readonly Resolved[]): Resolved | undefined {
  const ids = [...new Set(matches.map(({ id }) => id))];
  if (ids.length <= 1) return matches[0];
  const shown = matches.map(({ id, name }) => name ?? id.slice(0, 12)).join(', ');
  const message = `find image "${text}": it fits ${ids.length} images: ${shown}`;
  throw new ConflictError('AMBIGUOUS_IMAGE', message, {
    hint: 'berth images --no-trunc shows full names and ids',
  });
}
