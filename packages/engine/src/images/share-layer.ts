/**
 * Lets a new layer share files with layers in the store. This only saves disk space: if it fails,
 * the new layer keeps its own copies.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { idMapKey, spawnWorker } from '@berth/isolation';
import type { LayerResult, ShareRequest, SharingLayer } from '@berth/layers';
import type { LayerStaging } from '@berth/storage';
import type { Engine } from '../engine.ts';

/** For smaller layers it does not pay to start a process. */
const LEAST_BYTES = 4 * 1024 * 1024;

/**
 * The layer in staging has the same content, and shares disk space with other layers where
 * possible.
 */
export async function shareLayer(
  engine: Engine,
  staging: LayerStaging,
  { contentBytes }: Pick<LayerResult, 'contentBytes'>,
): Promise<void> {
  if (contentBytes < LEAST_BYTES || engine.options.keepsLayersApart === true) return;
  const others = othersOf(engine);
  if (others.length === 0) return;
  const keys = join(staging.directory, 'keys');
  const request: ShareRequest = {
    layer: { tree: staging.tree, recipe: staging.recipe, keys },
    others,
  };
  const worker = spawnWorker(engine.enter, ['share'], ['pipe', 'ignore', 'ignore']);
  worker.stdin?.on('error', () => undefined);
  worker.stdin?.end(JSON.stringify(request));
  await once(worker, 'close');
}

/** Large layers in the store whose files were written under the same id map. */
function othersOf({ store, idMaps }: Engine): SharingLayer[] {
  const map = idMapKey(idMaps);
  return store.layers.list().flatMap((diffId) => {
    const record = recordOrNothing(store, diffId);
    if (record === undefined || record.idMap !== map || record.sizeBytes < LEAST_BYTES) return [];
    return [{
      tree: store.layers.treePath(diffId),
      recipe: store.layers.recipePath(diffId),
      keys: join(store.layers.path(diffId), 'keys'),
    }];
  });
}

function recordOrNothing(store: Engine['store'], diffId: string) {
  try {
    return store.layers.record(diffId);
  } catch {
    // The layer is damaged or was removed meanwhile. To report damage is the task of `system
    // check`, not of a pull.
    return undefined;
  }
}
