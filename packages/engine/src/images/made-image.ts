/** Image sources for images that are made here. */
import { digestOf, MEDIA_TYPE, type Descriptor, type ImageSource } from '@berth/oci';

/** What an image is made from. */
export interface MadeImage {
  /** The name in messages. */
  readonly name: string;
  readonly format: 'oci' | 'docker';
  /** The config's document; its rootfs lists the layers in this order. */
  readonly config: object;
  readonly layers: readonly Descriptor[];
}

const TYPES = {
  oci: {
    manifest: MEDIA_TYPE.ociManifest, config: MEDIA_TYPE.ociConfig,
    plain: MEDIA_TYPE.ociLayer, gzip: MEDIA_TYPE.ociLayerGzip, zstd: MEDIA_TYPE.ociLayerZstd,
  },
  docker: {
    manifest: MEDIA_TYPE.dockerManifest, config: MEDIA_TYPE.dockerConfig,
    // Docker's manifests have no media type for zstd; registries and engines accept OCI's there.
    plain: MEDIA_TYPE.dockerLayer, gzip: MEDIA_TYPE.dockerLayerGzip, zstd: MEDIA_TYPE.ociLayerZstd,
  },
} as const;

/**
 * An image source for a new image. Its layers can't be read from it; they must be in the store
 * already.
 */
export function madeImage({ name, format, config, layers }: MadeImage): ImageSource {
  const types = TYPES[format];
  const configBytes = json(config);
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: {
      mediaType: types.config, digest: digestOf(configBytes), size: configBytes.length,
    },
    layers: layers.map(({ mediaType, digest, size }) =>
      ({ mediaType: layerType(mediaType, format), digest, size })),
  };
  const bytes = json(manifest);
  return {
    name,
    manifest: async () => ({
      document: { bytes, digest: digestOf(bytes), mediaType: types.manifest },
      manifest: { kind: 'manifest', ...manifest, annotations: {} },
      indexDigest: undefined,
    }),
    config: async () => configBytes,
    layer: ({ digest }) => Promise.reject(new Error(`layer ${digest} went away`)),
    close: async () => undefined,
  };
}

/** A manifest and its layers must have media types of the same format. */
function layerType(mediaType: string, format: 'oci' | 'docker'): string {
  const packing = /zstd$/.test(mediaType) ? 'zstd' : /gzip$/.test(mediaType) ? 'gzip' : 'plain';
  return TYPES[format][packing];
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
