/**
 * The only way by which images leave the store, to every kind of sink (registry, archive, layout):
 * first the layers, then the config, then the manifest that names them.
 */
import type { BlobContent, Descriptor, ImageSink, RawDocument } from '@berth/oci';
import type { ImageRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';
import type { LayerBlob } from './layer-content.ts';
import {
  configDescriptor, layerType, manifestDocument, type Compression, type ManifestFormat,
} from './manifest-format.ts';

/** How an image is copied. */
export interface CopyOptions {
  format: ManifestFormat;
  /** Gives a layer in the form that the sink gets; called once for each layer. */
  layer: (diffId: string) => Promise<CopiedLayer>;
}

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
  const descriptor = configDescriptor(format, bytes);
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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
