/** How images are pushed, as data. */
import type { ManifestFormat } from './copy-image.ts';
import type { PullOptions } from './pull-options.ts';

/** How an image is pushed. */
export interface PushOptions {
  /** How the registry is reached. */
  registry: PullOptions;
  /** Undefined keeps the format in which the image came. */
  format: ManifestFormat | undefined;
  /**
   * The compression of layers that are sent. Undefined accepts layers in any form that the registry
   * has, and uses gzip for others.
   */
  compression: 'gzip' | 'zstd' | undefined;
  /** 1 to 9; for zstd up to 20. */
  level: number | undefined;
  /** Compress all layers again, even if the registry has them. */
  forceCompression: boolean;
  digestFile: string | undefined;
}
