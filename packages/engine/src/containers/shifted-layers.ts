/**
 * The root file system of a container with a map of its own: the image's layers as one tree, with
 * the owners that the map needs. If overlay can take the content from the layers, the files of
 * this tree have no content.
 */
import { release } from 'node:os';
import { containerIdsKey, runHelper, shiftArguments, type ContainerIds } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import type { BerthContainer } from './record.ts';

/** The first kernel whose overlay lets a user make files that refer to a layer of data. */
const FIRST_KERNEL = [6, 16] as const;

/**
 * The first letter of the name of a tree's map: whether the tree refers to content or copies it.
 */
const WAYS = { refers: 'r', copies: 'c' } as const;

/** The lower folders of an overlay with shifted owners. */
export interface ShiftedLayers {
  readonly tree: string;
  /** The layer of data that the tree refers to; undefined where the tree has its own content. */
  readonly data: string | undefined;
}

/** The tree exists. `diffIds` are those of the layers, top one first. */
export function shiftedLayers(
  engine: Engine,
  diffIds: readonly string[],
  ids: ContainerIds,
): ShiftedLayers {
  const { shiftedLayers: shifted, layers, layout } = engine.store;
  const data = canRefer(release()) ? layout.layers : undefined;
  const way = data === undefined ? WAYS.copies : WAYS.refers;
  const key = { map: `${way}${containerIdsKey(ids)}`, diffIds };
  if (!shifted.has(key)) {
    if (data === undefined) announceCopy(engine, diffIds);
    const staged = shifted.stage();
    const trees = diffIds.map((diffId) => layers.treePath(diffId));
    const shift = { ids, layers: trees, to: staged.tree, data, isDurable: false };
    runHelper(shiftArguments(engine.enter, shift));
    shifted.commit(staged, key);
  }
  return { tree: shifted.path(key), data };
}

/**
 * Folders of all trees that containers may use, in both ways to hold content. Undefined when a
 * damaged record hides which are used.
 */
export function neededShifted({ store }: Engine): Set<string> | undefined {
  const { containers } = store;
  if (!containers.areRecordsReadable()) return undefined;
  return new Set(containers.records<BerthContainer>().flatMap(({ containerIds, layers }) => {
    if (containerIds === undefined) return [];
    const diffIds = mountedLayers(layers);
    return Object.values(WAYS).map((way) =>
      store.shiftedLayers.folder({ map: `${way}${containerIdsKey(containerIds)}`, diffIds }));
  }));
}

function announceCopy(engine: Engine, diffIds: readonly string[]): void {
  const bytes = diffIds.reduce((sum, id) => sum + engine.store.layers.record(id).sizeBytes, 0);
  engine.report({
    kind: 'warning',
    message: `the image's ${Math.ceil(bytes / 1e6)} MB are copied once for these ids: ` +
      'before Linux 6.16 overlay can\'t refer to them',
  });
}

function canRefer(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return major > FIRST_KERNEL[0] || (major === FIRST_KERNEL[0] && minor >= FIRST_KERNEL[1]);
}
