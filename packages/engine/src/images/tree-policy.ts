/** How this store's layer trees keep what its file system may not be able to hold. */
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
