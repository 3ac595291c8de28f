/** A container's root file system as a copy of its layers, where there is no overlay. */
import { runHelper, removeArguments, shiftArguments } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import type { BerthContainer } from './record.ts';

/**
 * The empty folder `root` is the container's root file system; that of a container which is kept is
 * on the disk then, as layers are. Nothing is left of it when this throws.
 */
export function copyLayers(engine: Engine, record: BerthContainer, root: string): void {
  const { layers, staging } = engine.store;
  // The layers must stay whole until they are copied: no container holds them yet.
  const session = staging.openSession();
  try {
    for (const diffId of record.layers) session.pinLayer(diffId);
    runHelper(shiftArguments(engine.enter, {
      ids: record.containerIds,
      layers: mountedLayers(record.layers).map((diffId) => layers.treePath(diffId)),
      to: root,
      data: undefined,
      isDurable: !record.request.remove,
    }));
  } catch (error) {
    // At once, for the disk may be full.
    runHelper(removeArguments(engine.enter, [root]));
    throw error;
  } finally {
    session.close();
  }
}
