/** How images are pushed, as data. */
import type { ManifestFormat } from './copy-image.ts';
import type { PullOptions } from './pull-options.ts';

/** How an image is pushed. */
export interface PushOptions {
  /** How the registry is reached. */
  registry: PullOptions;
  /** Undefined: as the image came. */
  format: ManifestFormat | undefined;
  /** Of layers that are sent; undefined takes what the registry has, else gzip. */
  compression: 'gzip' | 'zstd' | undefined;
  /** 1 to 9, for zstd to 20. */
  level: number | undefined;
  /** Layers are compressed anew, whatever the registry has. */
  forceCompression: boolean;
  digestFile: string | undefined;
}
