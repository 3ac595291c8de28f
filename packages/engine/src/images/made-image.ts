/** Image sources for images that are made here. */
import type { Descriptor, ImageSource } from '@berth/oci';
import {
  configDescriptor, layerInFormat, manifestDocument, type ManifestFormat,
} from './manifest-format.ts';

/** What an image is made from. */
export interface MadeImage {
  /** The name in messages. */
  readonly name: string;
  readonly format: ManifestFormat;
  /** The config's document; its rootfs lists the layers in this order. */
  readonly config: object;
  readonly layers: readonly Descriptor[];
}

/**
 * An image source for a new image. Its layers can't be read from it; they must be in the store
 * already.
 */
export function madeImage({ name, format, config, layers }: MadeImage): ImageSource {
  const configBytes = Buffer.from(JSON.stringify(config));
  const parts = {
    config: configDescriptor(format, configBytes),
    // All in one format: a manifest with media types of both is refused.
    layers: layers.map((layer) => layerInFormat(format, layer)),
  };
  const document = manifestDocument(format, parts);
  return {
    name,
    manifest: async () => ({
      document,
      manifest: { kind: 'manifest', mediaType: document.mediaType, ...parts, annotations: {} },
      indexDigest: undefined,
    }),
    config: async () => configBytes,
    layer: ({ digest }) => Promise.reject(new Error(`layer ${digest} went away`)),
    close: async () => undefined,
  };
}
