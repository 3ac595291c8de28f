/**
 * Gets one layer of an image into the store. The bytes of the source go straight to a worker that
 * is root in the user's namespace; it unpacks them, hashes them and writes the recipe. The layer
 * becomes visible only after both digests are verified.
 */
import { IntegrityError } from '@berth/errors';
import type { LayerResult } from '@berth/layers';
import type { Descriptor, ImageSource } from '@berth/oci';
import { idMapKey } from '@berth/isolation';
import type { Session } from '@berth/storage';
import type { Engine } from '../engine.ts';
import type { LayerContent, LayerWorker } from './layer-worker.ts';
import { storeLayer } from './store-layer.ts';

/** A layer, and where it comes from. */
export interface LayerRequest {
  source: ImageSource;
  descriptor: Descriptor;
  diffId: string;
  session: Session;
  signal: AbortSignal;
  worker: LayerWorker;
}

/**
 * The layer is in the store. Throws IntegrityError when its digests differ from those that the
 * image names; then nothing of it is left.
 */
export async function unpackLayer(engine: Engine, request: LayerRequest): Promise<void> {
  const { descriptor, diffId, session } = request;
  session.pinLayer(diffId);
  if (isUsable(engine, diffId)) {
    progress(engine, descriptor, { state: 'exists', currentBytes: descriptor.size });
    return;
  }
  await storeLayer(engine, async (staging) => {
    const result = await runApply(engine, { ...request, ...staging });
    requireDigest(result, request);
    return result;
  });
  progress(engine, descriptor, { state: 'done', currentBytes: descriptor.size });
}

function isUsable(engine: Engine, diffId: string): boolean {
  if (!engine.store.layers.isWhole(diffId)) {
    return false;
  }
  engine.store.layers.requireMap(diffId, idMapKey(engine.idMaps));
  return true;
}

function requireDigest(result: LayerResult, { descriptor, source }: LayerRequest): void {
  const isPlain = descriptor.digest === result.diffId;
  if (!isPlain && result.blobDigest !== descriptor.digest) {
    throw new IntegrityError(
      'DIGEST_MISMATCH',
      `pull layer "${descriptor.digest}" of "${source.name}": ` +
        `its content has the digest ${result.blobDigest}`,
    );
  }
}

async function runApply(
  engine: Engine,
  request: LayerRequest & { tree: string; recipe: string },
): Promise<LayerResult> {
  const { worker, diffId, tree, recipe } = request;
  const content = await contentOf(engine, request);
  try {
    return await worker.apply({ tree, recipe, content, expectedDiffId: diffId });
  } catch (error) {
    throw error instanceof IntegrityError ? namingLayer(error, request) : error;
  }
}

/** Names the layer, unless the error does it already. */
function namingLayer(
  cause: IntegrityError,
  { descriptor: { digest }, source }: LayerRequest,
): IntegrityError {
  if (cause.message.includes(digest)) return cause;
  const { code, hint } = cause;
  return new IntegrityError(code, `pull layer "${digest}" of "${source.name}"`, { cause, hint });
}

/**
 * The content: a part of a file where the source has one; otherwise the source's bytes, which are
 * counted for the progress display.
 */
async function contentOf(
  engine: Engine,
  { source, descriptor, signal }: LayerRequest,
): Promise<LayerContent> {
  progress(engine, descriptor, { state: 'pulling', currentBytes: 0 });
  const place = await source.place?.(descriptor);
  if (place !== undefined) return place;
  const content = await source.layer(descriptor, { offset: 0, signal });
  async function* counted(): AsyncGenerator<Uint8Array> {
    let sentBytes = 0;
    for await (const chunk of content) {
      sentBytes += chunk.length;
      progress(engine, descriptor, { state: 'pulling', currentBytes: sentBytes });
      yield chunk;
    }
  }
  return { chunks: counted(), sizeBytes: descriptor.size };
}

function progress(
  engine: Engine,
  descriptor: Descriptor,
  event: { state: 'pulling' | 'exists' | 'done'; currentBytes: number },
): void {
  engine.report({
    kind: 'layer',
    digest: descriptor.digest,
    totalBytes: descriptor.size,
    ...event,
  });
}
