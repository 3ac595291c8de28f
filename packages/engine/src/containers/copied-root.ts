/** A container's root file system as a copy of its layers, where there is no overlay. */
import { runHelper, removeArguments, shiftArguments } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import type { BerthContainer } from './record.ts';

/**
 * The empty folder `root` holds the container's root file system; unless the container has --rm, it
 * is on the disk as layers are. When this throws, nothing of it is left.
 */
export function copyLayers(engine: Engine, record: BerthContainer, root: string): void {
  const { layers, staging } = engine.store;
  // The session keeps the layers until they are copied, because no container uses them yet.
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
    // The copy is removed at once, because the disk may be full.
    runHelper(removeArguments(engine.enter, [root]));
    throw error;
  } finally {
    session.close();
  }
}
