/** The way by which every layer enters the store: made in staging, verified, renamed. */
import type { LayerResult } from '@berth/layers';
import { idMapKey } from '@berth/isolation';
import type { LayerSource, LayerStaging } from '@berth/storage';
import { removeTrees, type Engine } from '../engine.ts';
import { shareLayer } from './share-layer.ts';
import { treePolicy } from './tree-policy.ts';

/**
 * The layer is in the store, which `make` makes in staging and verifies. When `make` throws,
 * nothing of it is left.
 */
export async function storeLayer(
  engine: Engine,
  make: (staging: LayerStaging) => Promise<LayerResult>,
): Promise<LayerResult> {
  const { layers } = engine.store;
  const staging = layers.stage();
  try {
    const result = await make(staging);
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
