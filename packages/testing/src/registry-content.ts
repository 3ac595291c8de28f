/** What a scripted registry holds: blobs, manifests and tags, made from plain data. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** How an image refers to bytes. */
export interface ContentDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string;
  };
}

/** An image to put into a registry. */
export interface ImageSpec {
  readonly repository: string;
  readonly tag?: string | undefined;
  /** Uncompressed layers. */
  readonly layers: readonly Buffer[];
  /** Default: gzip. */
  readonly compression?: 'gzip' | 'none' | undefined;
  readonly format?: 'oci' | 'docker' | undefined;
  readonly platform?: {
    readonly os: string;
    readonly architecture: string;
    readonly variant?: string;
  };
  /** Joins the config that is made, e.g. `{ config: { Env: [] } }`. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

/** An image as it was put. */
export interface PutImage {
  readonly manifest: ContentDescriptor;
  readonly config: ContentDescriptor;
  readonly layers: readonly ContentDescriptor[];
  readonly diffIds: readonly string[];
}

interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

const TYPES = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    none: 'application/vnd.oci.image.layer.v1.tar',
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    none: 'application/vnd.docker.image.rootfs.diff.tar',
  },
} as const;

/** `sha256:` and the hash of `bytes`. */
export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Everything a registry knows, by repository. */
export class RegistryContent {
  readonly blobs = new Map<string, Buffer>();
  readonly #manifests = new Map<string, StoredManifest>();
  readonly #tags = new Map<string, Set<string>>();

  /** The blob's digest. */
  putBlob(bytes: Buffer): string {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }

  /** The manifest is known by its digest and by `tag`. */
  putManifest(
    place: { repository: string; tag?: string | undefined },
    stored: StoredManifest,
  ): ContentDescriptor {
    const digest = digestOf(stored.bytes);
    this.#manifests.set(`${place.repository}@${digest}`, stored);
    const tags = this.#tags.get(place.repository) ?? new Set();
    this.#tags.set(place.repository, tags);
    if (place.tag !== undefined) {
      tags.add(place.tag);
      this.#manifests.set(`${place.repository}@${place.tag}`, stored);
    }
    return { mediaType: stored.mediaType, digest, size: stored.bytes.length };
  }

  /** A whole image: its blobs, config and manifest. */
  putImage(spec: ImageSpec): PutImage {
    const types = TYPES[spec.format ?? 'oci'];
    const compression = spec.compression ?? 'gzip';
    const platform = spec.platform ?? { os: 'linux', architecture: 'amd64' };
    const layers = spec.layers.map((layer) => {
      const bytes = compression === 'gzip' ? gzipSync(layer) : layer;
      return { mediaType: types[compression], digest: this.putBlob(bytes), size: bytes.length };
    });
    const diffIds = spec.layers.map(digestOf);
    const configBytes = Buffer.from(
      JSON.stringify({
        ...platform,
        rootfs: { type: 'layers', diff_ids: diffIds },
        config: {},
        ...spec.config,
      }),
    );
    const config = {
      mediaType: types.config,
      digest: this.putBlob(configBytes),
      size: configBytes.length,
    };
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers }),
    );
    const manifest = this.putManifest(spec, { bytes, mediaType: types.manifest });
    return { manifest: { ...manifest, platform }, config, layers, diffIds };
  }

  /** An index over manifests that are there already. */
  putIndex(
    place: { repository: string; tag?: string | undefined },
    manifests: readonly ContentDescriptor[],
  ): ContentDescriptor {
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
    return this.putManifest(place, { bytes, mediaType });
  }

  manifest(repository: string, reference: string): StoredManifest | undefined {
    return this.#manifests.get(`${repository}@${reference}`);
  }

  tags(repository: string): string[] | undefined {
    const tags = this.#tags.get(repository);
    return tags === undefined ? undefined : [...tags].sort();
  }
}
