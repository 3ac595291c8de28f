/** Gets all layers of an image into the store, several at a time. */
import { availableParallelism } from 'node:os';
import type { Descriptor, ImageConfig, ImageSource, Manifest } from '@berth/oci';
import type { Session } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { fetchAhead } from './fetch-ahead.ts';
import { LayerWorker } from './layer-worker.ts';
import { unpackLayer } from './unpack-layer.ts';

/** An image whose layers are wanted. */
export interface UnpackLayers {
  readonly source: ImageSource;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly session: Session;
}

/** A layer of an image, by both of its digests. */
interface ImageLayer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

/** Starting and warming up a worker takes as long as unpacking so many packed bytes. */
const BYTES_WORTH_A_WORKER = 16 << 20;

/** The layers are in the store. The first failure stops the rest, and is thrown. */
export async function unpackLayers(engine: Engine, job: UnpackLayers): Promise<void> {
  const { manifest, config, session } = job;
  const abort = new AbortController();
  const waiting = distinctLayers(manifest.layers, config);
  for (const { descriptor } of waiting) reportWaiting(engine, descriptor);
  const workers = Array.from({ length: workerCount(waiting) }, () => new LayerWorker(engine));
  // The first layers are for the workers, which read them as they come.
  const later = waiting.slice(workers.length)
    .filter(({ diffId }) => !engine.store.layers.isWhole(diffId))
    .map(({ descriptor }) => descriptor);
  const source = fetchAhead(job.source, later, abort.signal);
  const work = async (worker: LayerWorker): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await unpackLayer(engine, { source, ...next, session, signal: abort.signal, worker });
    }
  };
  // After the first failure the other layers fail only because they were stopped.
  let first: { error: unknown } | undefined;
  const stopAll = (error: unknown): void => {
    first ??= { error };
    waiting.length = 0;
    abort.abort();
    workers.forEach((worker) => worker.stop());
  };
  await Promise.all(workers.map((worker) => work(worker).catch(stopAll)));
  await Promise.all(workers.map((worker) => worker.close()));
  if (first !== undefined) throw first.error;
}

/** An image may list one layer several times; it is unpacked once. */
function distinctLayers(layers: readonly Descriptor[], config: ImageConfig): ImageLayer[] {
  const found = new Map<string, ImageLayer>();
  layers.forEach((descriptor, index) => {
    const diffId = config.diffIds[index] ?? '';
    found.set(diffId, { descriptor, diffId });
  });
  return [...found.values()];
}

/**
 * One worker for each processor, because unpacking keeps it busy, but none for less than what makes
 * it worth its start.
 */
function workerCount(layers: readonly ImageLayer[]): number {
  const sizes = layers.map(({ descriptor }) => descriptor.size);
  const besideLargest = sizes.reduce((sum, size) => sum + size, 0) - Math.max(0, ...sizes);
  const worthwhile = 1 + Math.floor(besideLargest / BYTES_WORTH_A_WORKER);
  return Math.min(Math.max(2, availableParallelism()), worthwhile);
}

function reportWaiting(engine: Engine, { digest, size }: Descriptor): void {
  engine.report({
    kind: 'layer', digest, state: 'waiting', currentBytes: 0, totalBytes: size,
  });
}
