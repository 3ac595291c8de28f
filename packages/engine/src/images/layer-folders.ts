/** The trees of layers, for code that merges them without a mount. */
import type { MarkedFolder } from '@berth/layers';
import type { Engine } from '../engine.ts';
import { mountedLayers } from './mounted-layers.ts';
import { treePolicy } from './tree-policy.ts';

/** The folders of the layers, top one first. `diffIds` are in the order of an image's config. */
export function layerFolders(engine: Engine, diffIds: readonly string[]): MarkedFolder[] {
  const { marks } = treePolicy(engine);
  return mountedLayers(diffIds)
    .map((diffId) => ({ path: engine.store.layers.treePath(diffId), marks }));
}
