/** An image in a registry, and the tags of a repository, through mirrors where configured. */
import { IntegrityError, TransportError } from '@berth/errors';
import type { Digest, ImageSource, Platform, RawDocument, Reference } from '@berth/oci';
import { formatReference, MAX_MANIFEST_BYTES } from '@berth/oci';
import { downloadBlob } from './blob-download.ts';
import type { ManifestRequest } from './manifest-fetch.ts';
import { digestLike, fetchManifest, fetchManifestDigest } from './manifest-fetch.ts';
import type { ChosenManifest } from './platform-choice.ts';
import { chooseManifest } from './platform-choice.ts';
import type { PullSource } from './pull-sources.ts';
import { pullSources } from './pull-sources.ts';
import type { RegistryClient } from './registry-client.ts';
import type { RegistrySession } from './registry-session.ts';

/** Which part of an image to take, and through which client. */
export interface RegistrySourceOptions {
  /** Stays open after the source is closed. */
  readonly client: RegistryClient;
  /** Default: this machine's. */
  readonly platform?: Platform | undefined;
  /** Called when a mirror fails and the next place is tried. */
  readonly onMirrorFailed?: ((registry: string, error: unknown) => void) | undefined;
}

interface Place {
  readonly session: RegistrySession;
  readonly repository: string;
}

interface Found extends Place {
  readonly chosen: ChosenManifest;
}

/**
 * The image that `reference` names, for one platform. Nothing is asked before the first call;
 * the first place (mirrors, then the registry) that gives the manifest gives everything else.
 * Throws UsageError when the registry is blocked; the methods throw NotFoundError, IntegrityError
 * and TransportError.
 */
export function registrySource(reference: Reference, options: RegistrySourceOptions): ImageSource {
  const name = formatReference(reference);
  const places = placesOf(reference, options.client);
  let found: Promise<Found> | undefined;
  const find = (): Promise<Found> => {
    found ??= findImage({ reference, name, places, options });
    return found;
  };
  return {
    name,
    manifest: async () => (await find()).chosen,
    config: async () => fetchConfig(await find(), name),
    async layer(descriptor, { offset, signal }) {
      return downloadBlob({ ...(await find()), descriptor, offset, signal });
    },
    close: () => Promise.resolve(),
  };
}

/** The digest that `reference` has now, by the first place that answers. Errors as the source. */
export async function currentDigest(
  reference: Reference,
  options: RegistrySourceOptions,
): Promise<Digest> {
  const places = placesOf(reference, options.client);
  return firstOf(places, options, (place) =>
    fetchManifestDigest(manifestRequest(place, { reference, name: formatReference(reference) })),
  );
}

/** All tags of the repository, sorted as the registry has them. Mirrors are not asked. */
export async function listTags(
  { registry, repository }: Pick<Reference, 'registry' | 'repository'>,
  client: RegistryClient,
): Promise<string[]> {
  const sources = pullSources({ registry, repository, hasDigest: false }, client.config);
  const own = sources
    .filter(({ isMirror }) => !isMirror)
    .map((source) => openPlace(source, client));
  const { fetchTags } = await import('./tag-list.ts');
  return firstOf(own, { client }, (place) => fetchTags(place));
}

interface Search {
  readonly reference: Reference;
  readonly name: string;
  readonly places: readonly Place[];
  readonly options: RegistrySourceOptions;
}

async function findImage({ reference, name, places, options }: Search): Promise<Found> {
  return firstOf(places, options, async (place) => {
    const document = await fetchManifest(manifestRequest(place, { reference, name }));
    const follow = ({ digest }: { digest: Digest }): Promise<RawDocument> =>
      fetchManifest({ ...place, name, tag: undefined, digest });
    const chosen = await chooseManifest(document, { name, platform: options.platform, follow });
    return { ...place, chosen };
  });
}

function manifestRequest(
  place: Place,
  { reference, name }: { reference: Reference; name: string },
): ManifestRequest {
  return { ...place, name, tag: reference.tag, digest: reference.digest };
}

async function firstOf<T>(
  places: readonly Place[],
  options: RegistrySourceOptions,
  ask: (place: Place) => Promise<T>,
): Promise<T> {
  for (const [at, place] of places.entries()) {
    try {
      return await ask(place);
    } catch (error) {
      // The registry itself is last, and its error is the one to report.
      if (at === places.length - 1) throw error;
      options.onMirrorFailed?.(place.session.options.registry, error);
    }
  }
  throw new TransportError('NO_PULL_SOURCE', 'find a registry to ask: none is configured');
}

function placesOf(reference: Reference, client: RegistryClient): Place[] {
  const { registry, repository, digest } = reference;
  const name = { registry, repository, hasDigest: digest !== undefined };
  return pullSources(name, client.config).map((source) => openPlace(source, client));
}

function openPlace(source: PullSource, client: RegistryClient): Place {
  const session = client.session({
    host: source.registry,
    isInsecure: source.isInsecure,
    isMirror: source.isMirror,
  });
  return { session, repository: source.repository };
}

async function fetchConfig(found: Found, name: string): Promise<Uint8Array> {
  const descriptor = found.chosen.manifest.config;
  if (descriptor.size > MAX_MANIFEST_BYTES) {
    throw new IntegrityError(
      'CONFIG_TOO_LARGE',
      `fetch config of "${name}": ${descriptor.size} bytes`,
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of downloadBlob({ ...found, descriptor })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const digest = digestLike(descriptor.digest, bytes);
  if (digest !== descriptor.digest) {
    throw new IntegrityError(
      'CONFIG_DIGEST',
      `fetch config of "${name}": digest ${digest} instead of ${descriptor.digest}`,
    );
  }
  return bytes;
}
