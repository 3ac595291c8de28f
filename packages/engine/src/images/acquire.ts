/**
 * The only way by which images enter the store, from every kind of source (registry, archive,
 * embedded): first the layers in parallel, then config and manifest, then the names.
 */
import { IntegrityError } from '@berth/errors';
import {
  choosePlatform,
  digestHex,
  digestOf,
  formatPlatform,
  MEDIA_TYPE,
  parseImageConfig,
  type ImageConfig,
  type ImageSource,
  type Manifest,
  type Platform,
  type RawDocument,
} from '@berth/oci';
import type { ImageRecord } from '@berth/storage';
import { emptyTrash, type Engine } from '../engine.ts';
import { requireMountable } from './mounted-layers.ts';
import { unpackLayers } from './unpack-layers.ts';

/** Under which names an image enters the store. */
export interface AcquireOptions {
  /** Full references that point to the image afterwards. */
  names: readonly string[];
  /** `registry/repository` it came from; empty for archives. */
  repository: string;
  /** Warns when the image is for another platform; undefined accepts any without a warning. */
  platform?: Platform | undefined;
}

/** The image is in the store under its names; answers its id. Throws what the source throws. */
export async function acquireImage(
  engine: Engine,
  source: ImageSource,
  options: AcquireOptions,
): Promise<string> {
  const { document, manifest, indexDigest } = await source.manifest();
  requireImage(source, manifest);
  const configBytes = await source.config();
  const config = parseImageConfig(configBytes);
  requireConfig(source, { manifest, config, configBytes });
  requireMountable(`pull "${source.name}"`, config.diffIds);
  warnOfPlatform(engine, { source, config, wanted: options.platform });
  const session = engine.store.openSession();
  try {
    await unpackLayers(engine, { source, manifest, config, session });
    engine.report({ kind: 'config', digest: manifest.config.digest });
    const record = imageRecord(engine, manifest, config);
    await engine.store.images.commit({
      record,
      config: configBytes,
      origins: [origin(options.repository, document, indexDigest)],
      manifests: [document.bytes],
      names: options.names,
    });
    engine.report({ kind: 'manifest', digest: document.digest });
    return record.id;
  } finally {
    session.close();
    await emptyTrash(engine);
  }
}

/** Media types of image configs. Registries also hold charts, signatures and other things. */
const IMAGE_CONFIGS: ReadonlySet<string> = new Set([
  MEDIA_TYPE.ociConfig,
  MEDIA_TYPE.dockerConfig,
  // Builders older than these media types left the type out, and some still do.
  '',
  'application/octet-stream',
  'application/json',
]);

function requireImage({ name }: ImageSource, { config, artifactType }: Manifest): void {
  if (IMAGE_CONFIGS.has(config.mediaType)) return;
  const type = artifactType ?? config.mediaType;
  throw new IntegrityError(
    'NOT_AN_IMAGE',
    `pull "${name}": not an image but an artifact of type "${type}"`,
  );
}

function warnOfPlatform(
  engine: Engine,
  found: { source: ImageSource; config: ImageConfig; wanted: Platform | undefined },
): void {
  const { os, architecture, variant } = found.config;
  const { source, wanted } = found;
  if (wanted === undefined || os === '' || architecture === '') return;
  const platform: Platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  if (choosePlatform([{ platform }], wanted) !== undefined) return;
  engine.report({
    kind: 'warning',
    message: `image "${source.name}" is for ${formatPlatform(platform)}, ` +
      `not for ${formatPlatform(wanted)}`,
  });
}

function requireConfig(
  source: ImageSource,
  found: { manifest: Manifest; config: ImageConfig; configBytes: Uint8Array },
): void {
  const { manifest, config, configBytes } = found;
  if (digestOf(configBytes) !== manifest.config.digest) {
    throw new IntegrityError(
      'DIGEST_MISMATCH',
      `pull "${source.name}": its config does not have the digest ${manifest.config.digest}`,
    );
  }
  if (config.diffIds.length !== manifest.layers.length) {
    throw new IntegrityError(
      'LAYERS_MISMATCH',
      `pull "${source.name}": ${manifest.layers.length} layers in the manifest, ` +
        `${config.diffIds.length} in the config`,
    );
  }
}

function imageRecord(engine: Engine, manifest: Manifest, config: ImageConfig): ImageRecord {
  const sizes = new Map(
    config.diffIds.map((diffId) => [diffId, engine.store.layers.awaitRecord(diffId).sizeBytes]),
  );
  return {
    version: 1,
    id: digestHex(manifest.config.digest),
    layers: manifest.layers.map(({ digest, mediaType, size }, index) => ({
      diffId: config.diffIds[index] ?? '',
      digest,
      mediaType,
      sizeBytes: size,
    })),
    created: config.created,
    architecture: config.architecture,
    os: config.os,
    variant: config.variant,
    sizeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    labels: config.labels,
    addedAtMs: Date.now(),
  };
}

function origin(repository: string, document: RawDocument, indexDigest: string | undefined) {
  return {
    repository,
    manifestDigest: document.digest,
    mediaType: document.mediaType,
    sizeBytes: document.bytes.length,
    indexDigest,
    seenAtMs: Date.now(),
  };
}
