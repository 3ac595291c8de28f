/**
 * Gets one layer of an image into the store. The bytes of the source go straight to a worker that
 * is root in the user's namespace; it unpacks them, hashes them and writes the recipe. The layer
 * becomes visible only after both digests are verified.
 */
import { IntegrityError } from '@berth/errors';
import type { LayerResult } from '@berth/layers';
import type { Descriptor, ImageSource } from '@berth/oci';
import { idMapKey } from '@berth/isolation';
import type { LayerSource, LayerStaging, Session } from '@berth/storage';
import { removeTrees, type Engine } from '../engine.ts';
import type { LayerContent, LayerWorker } from './layer-worker.ts';
import { shareLayer } from './share-layer.ts';
import { treePolicy } from './tree-policy.ts';

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
  await intoStore(engine, {
    apply: async (staging) => {
      const result = await runApply(engine, { ...request, ...staging });
      requireDigest(result, request);
      return result;
    },
  });
  progress(engine, descriptor, { state: 'done', currentBytes: descriptor.size });
}

interface LayerMaking {
  /** Makes the layer and verifies it. */
  apply(staging: LayerStaging): Promise<LayerResult>;
}

/** The layer that `apply` makes is in the store. When `apply` throws, nothing of it is left. */
export async function intoStore(engine: Engine, making: LayerMaking): Promise<LayerResult> {
  const { layers } = engine.store;
  const staging = layers.stage();
  try {
    const result = await making.apply(staging);
    await shareLayer(engine, staging, result);
    layers.commit(staging, {
      version: 1,
      diffId: result.diffId,
      sizeBytes: result.contentBytes,
      fileCount: Object.values(result.counts).reduce((sum, count) => sum + count, 0),
      idMap: idMapKey(engine.idMaps),
      ...(treePolicy(engine).marks === 'names' ? { marks: 'names' } : {}),
      source: sourceOf(result),
      skippedAttributes: result.counts.skippedAttributes,
    });
    return result;
  } catch (error) {
    // The files are removed at once, because the disk may be full. Files that can't be removed stay
    // in the trash.
    await removeTrees(engine, [staging.directory]).catch(() => undefined);
    layers.discard(staging);
    throw error;
  }
}

function sourceOf({ compression, blobDigest, blobBytes }: LayerResult): LayerSource | undefined {
  if (compression !== 'gzip' && compression !== 'zstd') return undefined;
  return { digest: blobDigest, sizeBytes: blobBytes, compression };
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
  return worker.apply({ tree, recipe, content, expectedDiffId: diffId });
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
