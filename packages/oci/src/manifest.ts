/** Image manifests and indexes: untrusted documents, read with limits. */
import { IntegrityError } from '@berth/errors';
import { checkDescriptor, isRecord, shown, stringsOf, type Descriptor } from './descriptor.ts';
import { MEDIA_TYPE, isIndexType, isManifestType } from './media-types.ts';

/** Larger than any real manifest; a registry must not fill our memory. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_LAYERS = 1000;
const MAX_MANIFESTS = 10_000;

/** An image manifest, checked (image-spec, manifest.md). */
export interface Manifest {
  kind: 'manifest';
  mediaType: string;
  config: Descriptor;
  /** From the bottom up. */
  layers: Descriptor[];
  annotations: Record<string, string>;
  /** The type of an artifact; images have none. */
  artifactType?: string | undefined;
}

/** An image index, checked (image-spec, image-index.md). */
export interface Index {
  kind: 'index';
  mediaType: string;
  manifests: Descriptor[];
}

/**
 * The document in these bytes. `mediaType` is what the carrier said and may be empty; the
 * document must not contradict it nor be both kinds at once (CVE-2021-41190). Throws
 * IntegrityError.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest | Index {
  const document = parseObject(bytes);
  const hasLayers = document['layers'] !== undefined || document['config'] !== undefined;
  const hasManifests = document['manifests'] !== undefined;
  if (hasLayers && hasManifests) {
    throw new IntegrityError(
      'AMBIGUOUS_MANIFEST',
      'read manifest: it has both layers and manifests',
    );
  }
  const own = typeof document['mediaType'] === 'string' ? document['mediaType'] : '';
  const said = [own, mediaType].filter((type) => isIndexType(type) || isManifestType(type));
  if (said.some((type) => isIndexType(type) !== hasManifests)) {
    throw new IntegrityError(
      'AMBIGUOUS_MANIFEST',
      `read manifest: its media type "${said[0]}" contradicts its content`,
    );
  }
  if (document['schemaVersion'] === 1) {
    throw new IntegrityError(
      'OLD_MANIFEST',
      'read manifest: Docker schema 1 is not supported, nothing has written it since 2017',
      { hint: 'skopeo copy --format oci docker://IMAGE oci-archive:FILE && berth load -i FILE' },
    );
  }
  if (document['schemaVersion'] !== 2) {
    throw new IntegrityError(
      'OLD_MANIFEST',
      `read manifest: schema version ${shown(document['schemaVersion'])} is not supported`,
    );
  }
  return hasManifests ? readIndex(document, said[0]) : readManifest(document, said[0]);
}

/** Parses JSON of bounded size into an object. Throws IntegrityError. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new IntegrityError(
      'DOCUMENT_TOO_LARGE',
      `read document: ${bytes.length} bytes are more than ${MAX_MANIFEST_BYTES}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new IntegrityError('BAD_JSON', 'read document: not JSON', { cause });
  }
  if (!isRecord(value)) {
    throw new IntegrityError('BAD_JSON', 'read document: not a JSON object');
  }
  return value;
}

function readIndex(document: Record<string, unknown>, mediaType: string | undefined): Index {
  const manifests = listOf(document['manifests'], 'manifests', MAX_MANIFESTS);
  return {
    kind: 'index',
    mediaType: mediaType ?? MEDIA_TYPE.ociIndex,
    manifests: manifests.map((entry, i) => checkDescriptor(entry, `manifest ${i} of index`)),
  };
}

function readManifest(document: Record<string, unknown>, mediaType: string | undefined): Manifest {
  const layers = listOf(document['layers'], 'layers', MAX_LAYERS);
  const { artifactType } = document;
  return {
    kind: 'manifest',
    mediaType: mediaType ?? MEDIA_TYPE.ociManifest,
    config: checkDescriptor(document['config'], 'config of manifest'),
    layers: layers.map((entry, i) => checkDescriptor(entry, `layer ${i} of manifest`)),
    annotations: stringsOf(document['annotations']),
    artifactType: typeof artifactType === 'string' ? artifactType : undefined,
  };
}

function listOf(value: unknown, name: string, limit: number): unknown[] {
  if (!Array.isArray(value) || value.length > limit) {
    throw new IntegrityError(
      'BAD_MANIFEST',
      `read manifest: "${name}" is not a list of at most ${limit}`,
    );
  }
  return value;
}
