/** How the layer trees of this store record what its file system may not support. */
import type { TreePolicy } from '@berth/layers';
import type { Engine } from '../engine.ts';

/**
 * How a layer's files are written. Overlay needs its own whiteout marks. Where all ids are mapped,
 * files have their real owners.
 */
export function treePolicy({ driver, idMaps }: Engine): TreePolicy {
  const recorded = driver.owners === 'ledger' ? 'recipe' : 'record';
  return {
    owners: idMaps.tier === 'single' ? recorded : 'native',
    marks: driver.driver === 'overlay' ? 'overlay' : 'names',
  };
}
