/** The formats of manifests, OCI's and Docker's, and the media types that each has. */
import { UsageError } from '@berth/errors';
import { digestOf, MEDIA_TYPE, type Descriptor, type RawDocument } from '@berth/oci';

/** Whose manifest and config formats are written. */
export type ManifestFormat = 'oci' | 'docker';

/** How a layer is compressed, as its media type says. */
export type Compression = 'none' | 'gzip' | 'zstd';

const TYPES = {
  oci: {
    manifest: MEDIA_TYPE.ociManifest, config: MEDIA_TYPE.ociConfig,
    none: MEDIA_TYPE.ociLayer, gzip: MEDIA_TYPE.ociLayerGzip, zstd: MEDIA_TYPE.ociLayerZstd,
  },
  docker: {
    manifest: MEDIA_TYPE.dockerManifest, config: MEDIA_TYPE.dockerConfig,
    none: MEDIA_TYPE.dockerLayer, gzip: MEDIA_TYPE.dockerLayerGzip, zstd: undefined,
  },
} as const;

/** The format of a manifest, by its media type. */
export function formatOf(mediaType: string): ManifestFormat {
  return mediaType === TYPES.docker.manifest ? 'docker' : 'oci';
}

/** How a layer is compressed, by its media type; undefined if it is not. */
export function compressionOf({ mediaType }: Descriptor): 'gzip' | 'zstd' | undefined {
  return mediaType.endsWith('gzip') ? 'gzip' : mediaType.endsWith('zstd') ? 'zstd' : undefined;
}

/** The media type of a layer. Throws a UsageError for zstd in Docker's format. */
export function layerType(format: ManifestFormat, compression: Compression): string {
  const type = TYPES[format][compression];
  if (type !== undefined) return type;
  throw new UsageError('ZSTD_FORMAT', 'push as "v2s2": its layers can\'t be zstd', {
    hint: 'leave --format out, or give oci',
  });
}

/**
 * The layer with its media type in this format. For zstd Docker's has none; registries and engines
 * accept OCI's there.
 */
export function layerInFormat(format: ManifestFormat, layer: Descriptor): Descriptor {
  const compression = compressionOf(layer) ?? 'none';
  const mediaType = TYPES[format][compression] ?? TYPES.oci[compression];
  return { mediaType, digest: layer.digest, size: layer.size };
}

/** The descriptor of an image's config. */
export function configDescriptor(format: ManifestFormat, bytes: Uint8Array): Descriptor {
  return { mediaType: TYPES[format].config, digest: digestOf(bytes), size: bytes.length };
}

/** The document of a manifest with these descriptors. */
export function manifestDocument(
  format: ManifestFormat,
  { config, layers }: { config: Descriptor; layers: readonly Descriptor[] },
): RawDocument {
  const mediaType = TYPES[format].manifest;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  return { bytes, digest: digestOf(bytes), mediaType };
}
