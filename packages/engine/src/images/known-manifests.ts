/**
 * The manifests under which images are known: what a push need not make again, and where a registry
 * can find blobs that the target lacks.
 */
import { EngineError } from '@berth/errors';
import {
  digestOf,
  isManifestType,
  parseManifest,
  type Descriptor,
  type Manifest,
  type RawDocument,
} from '@berth/oci';
import type { ImageOrigin, ImageRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';

/** A manifest by which an image is known, and the repository that has it. */
export interface KnownManifest {
  document: RawDocument;
  manifest: Manifest;
  repository: string;
  /** As in ImageOrigin. */
  form: string | undefined;
  seenAtMs: number;
}

/**
 * Those of one image that can be read, newest first; but those of the target's repository before
 * all others.
 */
export function knownManifests(
  engine: Engine,
  { id }: Pick<ImageRecord, 'id'>,
  target: string,
): KnownManifest[] {
  const found = engine.store.images.origins(id).flatMap((origin) => knownBy(engine, origin) ?? []);
  const isElsewhere = ({ repository }: KnownManifest): number => (repository === target ? 0 : 1);
  return found.reverse().sort((one, other) => isElsewhere(one) - isElsewhere(other));
}

/** Undefined for an index, and for what is missing or damaged: then less is known. */
function knownBy(
  { store: { blobs } }: Engine,
  { manifestDigest, mediaType, repository, form, seenAtMs }: ImageOrigin,
): KnownManifest | undefined {
  if (!isManifestType(mediaType)) return undefined;
  try {
    const bytes = blobs.read(manifestDigest);
    const manifest = parseManifest(bytes, mediaType);
    if (manifest.kind !== 'manifest') return undefined;
    const document = { bytes, digest: digestOf(bytes), mediaType };
    return { document, manifest, repository, form, seenAtMs };
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Each manifest once, as it was first named. */
export function eachOnce(known: readonly KnownManifest[]): KnownManifest[] {
  const first = new Map(known.map((one) => [one.document.digest, one] as const).reverse());
  return known.filter((one) => first.get(one.document.digest) === one);
}

/**
 * Finds the repositories of the target's registry that have a blob, by the manifests of all images,
 * those seen last first. The manifests are read when it is first called.
 */
export function repositoryFinder(
  engine: Engine,
  target: { registry: string; repository: string },
): (blob: Descriptor) => string[] {
  const prefix = `${target.registry}/`;
  let all: KnownManifest[] | undefined;
  return ({ digest }) => {
    all ??= engine.store.images.ids()
      .flatMap((id) => knownManifests(engine, { id }, `${prefix}${target.repository}`))
      .filter(({ repository }) => repository.startsWith(prefix))
      .sort((one, other) => other.seenAtMs - one.seenAtMs);
    const repositories = all
      .filter(({ manifest }) =>
        [manifest.config, ...manifest.layers].some((blob) => blob.digest === digest))
      .map(({ repository }) => repository.slice(prefix.length));
    return [...new Set(repositories)];
  };
}
