/**
 * The only way by which images leave the store, to every kind of sink (registry, archive, layout):
 * first the layers, then the config, then the manifest that names them.
 */
import { UsageError } from '@berth/errors';
import {
  digestOf,
  MEDIA_TYPE,
  type BlobContent,
  type Descriptor,
  type ImageSink,
  type RawDocument,
} from '@berth/oci';
import type { ImageRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';
import type { LayerBlob, Packing } from './layer-content.ts';

/** Whose manifest and config formats are written. */
export type ManifestFormat = 'oci' | 'docker';

/** How an image is copied. */
export interface CopyOptions {
  format: ManifestFormat;
  /** Gives a layer in the form that the sink gets; called once for each layer. */
  layer: (diffId: string) => Promise<CopiedLayer>;
}

/** How a layer is compressed, as its media type says. */
export type Compression = 'none' | Packing['format'];

/** A layer in the form in which it is sent. */
export interface CopiedLayer extends LayerBlob {
  compression: Compression;
}

/** The image is in the sink; answers its manifest. */
export async function copyImage(
  engine: Engine,
  record: ImageRecord,
  { sink, format, layer }: CopyOptions & { sink: ImageSink },
): Promise<RawDocument> {
  const layers: Descriptor[] = [];
  for (const { diffId } of record.layers) {
    const copied = await layer(diffId);
    const descriptor = {
      mediaType: layerType(format, copied.compression),
      digest: copied.digest,
      size: copied.sizeBytes,
    };
    await putOnce(engine, sink, { descriptor, content: copied.content });
    layers.push(descriptor);
  }
  const config = await putConfig(engine, sink, { record, format });
  const document = manifestDocument(format, { config, layers });
  await sink.putManifest(document);
  engine.report({ kind: 'manifest', digest: document.digest });
  return document;
}

/** The image's config is in the sink; answers its descriptor. */
export async function putConfig(
  engine: Engine,
  sink: ImageSink,
  { record, format }: { record: ImageRecord; format: ManifestFormat },
): Promise<Descriptor> {
  const bytes = engine.store.images.config(record.id);
  const mediaType = format === 'oci' ? MEDIA_TYPE.ociConfig : MEDIA_TYPE.dockerConfig;
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  if (!(await sink.hasBlob(descriptor))) {
    await sink.putBlob(descriptor, { stream: () => once(bytes) });
  }
  engine.report({ kind: 'config', digest: descriptor.digest });
  return descriptor;
}

/** Sends the blob unless the sink has it. */
export async function putOnce(
  engine: Engine,
  sink: ImageSink,
  { descriptor, content }: { descriptor: Descriptor; content: BlobContent },
): Promise<void> {
  const progress = (state: 'waiting' | 'exists' | 'done', currentBytes: number): void =>
    engine.report({
      kind: 'layer',
      digest: descriptor.digest,
      state,
      currentBytes,
      totalBytes: descriptor.size,
    });
  progress('waiting', 0);
  if (await sink.hasBlob(descriptor)) {
    progress('exists', descriptor.size);
    return;
  }
  await sink.putBlob(descriptor, content);
  progress('done', descriptor.size);
}

/** The document of a manifest with these descriptors. */
export function manifestDocument(
  format: ManifestFormat,
  { config, layers }: { config: Descriptor; layers: readonly Descriptor[] },
): RawDocument {
  const mediaType = format === 'oci' ? MEDIA_TYPE.ociManifest : MEDIA_TYPE.dockerManifest;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  return { bytes, digest: digestOf(bytes), mediaType };
}

const LAYER_TYPES = {
  oci: {
    none: MEDIA_TYPE.ociLayer, gzip: MEDIA_TYPE.ociLayerGzip, zstd: MEDIA_TYPE.ociLayerZstd,
  },
  docker: {
    none: MEDIA_TYPE.dockerLayer, gzip: MEDIA_TYPE.dockerLayerGzip, zstd: undefined,
  },
} as const;

/** The media type of a layer. Throws a UsageError for zstd in Docker's format. */
export function layerType(format: ManifestFormat, compression: Compression): string {
  const type = LAYER_TYPES[format][compression];
  if (type !== undefined) return type;
  throw new UsageError('ZSTD_FORMAT', 'push as "v2s2": its layers can\'t be zstd', {
    hint: 'leave --format out, or give oci',
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
