/**
 * One layer on its way to a registry. It is not sent if the registry has it in one of the forms in
 * which it is known. Otherwise it is made from its recipe, compressed, and sent meanwhile.
 */
import type { Descriptor, Digest } from '@berth/oci';
import type { ImageRecord } from '@berth/storage';
import type { GrowingBlob, RegistrySink, WholeBlob } from '@berth/transport';
import type { Engine } from '../engine.ts';
import type { ProgressEvent } from '../progress.ts';
import type { KnownManifest } from './known-manifests.ts';
import { growingLayer, type LayerBlob } from './layer-content.ts';
import { compressionOf, layerType, type ManifestFormat } from './manifest-format.ts';
import type { PushOptions } from './push-options.ts';

/** A layer, and all that decides in which form it goes. */
export interface LayerPush {
  record: ImageRecord;
  diffId: string;
  push: PushOptions;
  format: ManifestFormat;
  /** Manifests of the image whose layers can be used. */
  known: readonly KnownManifest[];
  sink: RegistrySink;
  /** Where the compressed layer is written. */
  folder: string;
}

/** The registry has the layer; answers the form in which it has it. */
export async function pushLayer(engine: Engine, job: LayerPush): Promise<Descriptor> {
  const { push, diffId, sink } = job;
  const report = layerReporter(engine, diffId);
  report('waiting', { currentBytes: 0, totalBytes: 0 });
  const mayBeThere = push.forceCompression !== true && push.level === undefined;
  for (const descriptor of mayBeThere ? knownForms(engine, job) : []) {
    if (!(await sink.hasBlob(descriptor))) continue;
    report('exists', allOf(descriptor));
    return descriptor;
  }
  const { descriptor, wasThere } = await sink.putGrowing(() => compressed(engine, job, report));
  report(wasThere ? 'exists' : 'done', allOf(descriptor));
  return descriptor;
}

function compressed(engine: Engine, job: LayerPush, report: LayerReport): GrowingBlob {
  const { push, format, diffId, folder } = job;
  const compression = push.compression ?? 'gzip';
  const mediaType = layerType(format, compression);
  const packing = { folder, format: compression, level: push.level };
  const { follow, whole } = growingLayer(engine, diffId, packing);
  let totalBytes = 0;
  const described = ({ digest, sizeBytes: size, content }: LayerBlob): WholeBlob => {
    totalBytes = size;
    return { descriptor: { mediaType, digest, size }, content };
  };
  async function* counted(): AsyncGenerator<Uint8Array> {
    let currentBytes = 0;
    for await (const chunk of follow()) {
      yield chunk;
      currentBytes += chunk.length;
      report('sending', { currentBytes, totalBytes });
    }
  }
  return { follow: counted, whole: whole.then(described) };
}

/**
 * The forms in which the layer is known, as far as the new manifest's format has a type for them:
 * those of the image's manifests, and that in which it came into the store, with whatever image.
 */
function knownForms(engine: Engine, { record, known, push, format, diffId }: LayerPush) {
  const index = record.layers.findIndex((layer) => layer.diffId === diffId);
  const named = known.flatMap(({ manifest }) => manifest.layers[index] ?? [])
    .map((layer) => ({ ...layer, compression: compressionOf(layer) }));
  const { source } = engine.store.layers.awaitRecord(diffId);
  const came = source === undefined ? []
    : [{ ...source, digest: source.digest as Digest, size: source.sizeBytes }];
  const forms = new Map([...named, ...came].map((form) => [form.digest, form]));
  return [...forms.values()].flatMap(({ digest, size, compression }): Descriptor[] => {
    if (compression === undefined || compression !== (push.compression ?? compression)) return [];
    if (compression === 'zstd' && format === 'docker') return [];
    return [{ mediaType: layerType(format, compression), digest, size }];
  });
}

type LayerEvent = Extract<ProgressEvent, { kind: 'layer' }>;
type Progress = Pick<LayerEvent, 'currentBytes' | 'totalBytes'>;
type LayerReport = (state: LayerEvent['state'], progress: Progress) => void;

/** Reports under the diff id, because the digest is known last. */
function layerReporter(engine: Engine, diffId: string): LayerReport {
  return (state, progress) => engine.report({ kind: 'layer', digest: diffId, state, ...progress });
}

function allOf({ size }: Descriptor): Progress {
  return { currentBytes: size, totalBytes: size };
}
