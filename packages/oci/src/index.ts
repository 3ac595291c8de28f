/**
 * The objects of the Open Container Initiative, parsed and pure: digests, names, documents, specs.
 */
export { checkDescriptor, isRecord, stringsOf, type Descriptor } from './descriptor.ts';
export {
  Digester,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  parseDigest,
  type Digest,
} from './digest.ts';
export { parseImageConfig, type HistoryRecord, type ImageConfig } from './image-config.ts';
export type { BlobContent, ImageSink } from './image-sink.ts';
export type { FilePlace, ImageSource, LayerRequest, RawDocument } from './image-source.ts';
export {
  MAX_MANIFEST_BYTES,
  parseManifest,
  parseObject,
  type Index,
  type Manifest,
} from './manifest.ts';
export { isIndexType, isManifestType, MANIFEST_TYPES, MEDIA_TYPE } from './media-types.ts';
export {
  choosePlatform,
  formatPlatform,
  localPlatform,
  normalizePlatform,
  parsePlatform,
  type Platform,
} from './platform.ts';
export {
  DEFAULT_TAG,
  formatReference,
  formatRepository,
  parseImageName,
  parseReference,
  qualify,
  type ImageName,
  type Reference,
} from './reference.ts';
export type {
  CapabilitySets,
  BlockIoSpec,
  DeviceSpec,
  LinuxSpec,
  MountSpec,
  NamespaceType,
  ProcessSpec,
  ResourcesSpec,
  RlimitSpec,
  RuntimeSpec,
  SeccompAction,
  SeccompArgument,
  SeccompRule,
  SeccompSpec,
  ThrottleSpec,
} from './runtime-spec.ts';
