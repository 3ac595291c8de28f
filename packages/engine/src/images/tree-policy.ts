/** How the layer trees of this store record what its file system may not support. */
import type { TreePolicy } from '@berth/layers';
import type { Engine } from '../engine.ts';

/** Overlay needs marks of its own; owners are files' own where all ids are mapped. */
export function treePolicy({ driver, idMaps }: Engine): TreePolicy {
  const recorded = driver.owners === 'ledger' ? 'recipe' : 'record';
  return {
    owners: idMaps.tier === 'single' ? recorded : 'native',
    marks: driver.driver === 'overlay' ? 'overlay' : 'names',
  };
}
