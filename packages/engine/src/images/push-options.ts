/** How images are pushed, as data. */
import type { RegistryAccess } from '../registry/access.ts';
import type { ManifestFormat } from './manifest-format.ts';

/** How an image is pushed. */
export interface PushOptions {
  registry: RegistryAccess;
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
