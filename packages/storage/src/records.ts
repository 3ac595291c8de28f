/**
 * The records a store keeps, as data. Each field says who writes it and what it promises; a
 * record is written whole and never edited in place.
 */

/** Content of images/<id>/record.json: all that `images` needs, so it opens no blob. */
export interface ImageRecord {
  readonly version: 1;
  /** 64 hex digits: the SHA-256 of the config. */
  readonly id: string;
  /** Layers from the bottom up. */
  readonly layers: readonly ImageLayer[];
  /** From the config, as written there; absent when the config says nothing. */
  readonly created?: string | undefined;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string | undefined;
  /** Unpacked size of all layers. */
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Digests of compressed layers that collection must keep (`--keep-blobs`). */
  readonly keptBlobs?: readonly string[] | undefined;
  /** When this store first had the image. */
  readonly addedAtMs: number;
}

/** One layer of an image: its names in the store and in the source. */
export interface ImageLayer {
  /** `sha256:…` of the uncompressed tar: the layer's key in the store. */
  readonly diffId: string;
  /** `sha256:…` of the layer as the source had it. */
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/** Content of images/<id>/origins/<key>: one manifest, in one repository, that led to it. */
export interface ImageOrigin {
  /** `docker.io/library/debian`; empty for archives without names. */
  readonly repository: string;
  readonly manifestDigest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** The index that chose the manifest, when there was one. */
  readonly indexDigest?: string | undefined;
  /** Set if a push made the manifest in a form that the image did not have: `docker gzip`. */
  readonly form?: string | undefined;
  readonly seenAtMs: number;
}

/** An image with its names, as lists show it. */
export interface ImageEntry {
  readonly record: ImageRecord;
  /** Full references, `docker.io/library/debian:12`, sorted. */
  readonly names: readonly string[];
}

/** A compressed form of a layer; digest and length were verified. */
export interface LayerSource {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly compression: 'gzip' | 'zstd';
}

/** Content of layers/<diff id>/record.json. */
export interface LayerRecord {
  readonly version: 1;
  readonly diffId: string;
  /** Bytes of all file payloads in fs/. */
  readonly sizeBytes: number;
  readonly fileCount: number;
  /** How the store keeps owners, and the id map the tree was written under: see `idMapKey`. */
  readonly idMap: string;
  /** How the tree marks what it hides of lower layers; if absent, by overlay's own marks. */
  readonly marks?: 'names' | undefined;
  /** The compressed layer that it was unpacked from; absent if it came in another way. */
  readonly source?: LayerSource | undefined;
  /** `sha256:…` of the recipe's file, taken when the layer was stored. */
  readonly recipeDigest?: string | undefined;
  /** Extended attributes that the file system or this namespace could not hold. */
  readonly skippedAttributes?: number | undefined;
}

/**
 * Content of containers/<id>/config.json; never changes. The engine adds its own fields; the fields
 * here are those that this package reads.
 */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  /** The name at creation; the current one is in containers/names/. */
  readonly name: string;
  readonly createdAtMs: number;
  /** The owner text of the command that made the container, and may be about to start it. */
  readonly maker?: string | undefined;
  readonly imageId: string;
  readonly imageName: string;
  /** Diff ids of the layers below its own: collection keeps them while the container exists. */
  readonly layers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Names of the volumes it mounts, for the in-use check. */
  readonly volumes: readonly string[];
  /** Other images whose files it mounts; they and their layers are in use. */
  readonly mountedImages?: readonly MountedImage[] | undefined;
}

/** An image that a container mounts beside its own. */
export interface MountedImage {
  readonly id: string;
  readonly layers: readonly string[];
}

/** Diff ids of all layers that the container needs. */
export function layersOf({ layers, mountedImages = [] }: ContainerRecord): string[] {
  return [...layers, ...mountedImages.flatMap((image) => image.layers)];
}

/** True if the container is made from the image, or mounts it. */
export function usesImage({ imageId, mountedImages = [] }: ContainerRecord, id: string): boolean {
  return imageId === id || mountedImages.some((image) => image.id === id);
}

/** Content of volumes/<name>/record.json; never changes. */
export interface VolumeRecord {
  readonly version: 1;
  readonly name: string;
  readonly driver: 'local';
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Made for a container, with no name from the user: removed by `rm -v` and `--rm`. */
  readonly anonymous: boolean;
  /** Made for a user who is not root: filling the volume does not change its owner. */
  readonly isOwned?: boolean | undefined;
}
