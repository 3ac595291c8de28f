/**
 * Which local image a user means. In this order, and the first rule that finds something decides:
 *
 * 1. `sha256:<64 hex>` and 64 hex digits: an image id, else the digest of a manifest or index;
 * 2. NAME@DIGEST: an image seen under that digest in a repository that NAME can mean;
 * 3. a name whose first part is a registry (has `.` or `:`, or is `localhost`): exactly that;
 * 4. a short name: localhost/NAME, its alias, NAME in each search registry, docker.io/NAME;
 * 5. a short name: the one local image whose repository ends with `/NAME`, tag equal;
 * 6. three or more hex digits: the one image whose id begins so.
 */
import { ConflictError, NotFoundError, UsageError } from '@berth/errors';
import { DEFAULT_TAG, parseImageName } from '@berth/oci';
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
  /** The full reference that was found; undefined when an id or a digest was. */
  readonly name: string | undefined;
}

const MIN_PREFIX = 3;
const SHA256 = /^sha256:[0-9a-f]{64}$/;

/** Throws a NotFoundError when no rule finds an image, a ConflictError when one finds several. */
export function resolveImage(index: ImageIndex, text: string, options: ResolveOptions): Resolved {
  const found = byDigest(index, text) ?? byName(index, text, options) ?? byPrefix(index, text);
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

function byName(index: ImageIndex, text: string, options: ResolveOptions): Resolved | undefined {
  const typed = parseOrNothing(text);
  if (typed === undefined) return undefined;
  const repositories = candidateRepositories(typed, {
    aliases: options.aliases ?? {}, registries: options.searchRegistries ?? [],
  });
  if (typed.digest !== undefined) return byNamedDigest(index, text, { typed, repositories });
  const tag = typed.tag ?? DEFAULT_TAG;
  for (const repository of repositories) {
    const name = `${repository}:${tag}`;
    const id = index.lookUp(name);
    if (id !== undefined) return { id, name };
  }
  if (typed.registry !== undefined) return undefined;
  const matches = [...index.names()]
    .filter(([name]) => endsWithName(name, `${typed.repository}:${tag}`));
  return single(text, matches.map(([name, id]) => ({ id, name })));
}

/** What is no reference, such as an id in upper case, is no name: nothing to look for. */
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
    .some((origin) => fits(origin.repository)));
  return single(text, ids.map((id) => ({ id, name: undefined })));
}

function byPrefix(index: ImageIndex, text: string): Resolved | undefined {
  if (text.length < MIN_PREFIX || !isIdPrefix(text)) return undefined;
  const ids = index.ids().filter((id) => id.startsWith(text) && index.exists(id));
  return single(text, ids.map((id) => ({ id, name: undefined })));
}

/** The one image that was found, under its first name; throws when they are several. */
function single(text: string, matches: readonly Resolved[]): Resolved | undefined {
  const ids = [...new Set(matches.map(({ id }) => id))];
  if (ids.length <= 1) return matches[0];
  const shown = matches.map(({ id, name }) => name ?? id.slice(0, 12)).join(', ');
  const message = `find image "${text}": it fits ${ids.length} images: ${shown}`;
  throw new ConflictError('AMBIGUOUS_IMAGE', message, {
    hint: 'berth images --no-trunc shows full names and ids',
  });
}
