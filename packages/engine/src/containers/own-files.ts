/**
 * Where the files of a container are, and which owners they have inside it, for commands that read
 * all of them.
 */
import type { MarkedFolder, OwnerSource } from '@berth/layers';
import type { Engine } from '../engine.ts';
import { layerFolders } from '../images/layer-folders.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import type { BerthContainer } from './record.ts';

/** The folders that hold a container's files. */
export interface OwnFiles {
  /** The upper folder; with a copy or a folder (--rootfs), the whole root file system. */
  readonly own: MarkedFolder;
  readonly isWhole: boolean;
  /** The folders of its layers, top one first. */
  readonly layers: readonly MarkedFolder[];
  readonly owners: OwnerSource | undefined;
}

/** The folders of the container with this full id. */
export function ownFiles(engine: Engine, id: string): OwnFiles {
  const { containers, layers } = engine.store;
  const { root, upper, owners: ledger } = containers.paths(id);
  const record = containers.record<BerthContainer>(id);
  const { rootFolder } = record.request;
  const isApart = rootFolder?.keepsChangesApart === true;
  const isWhole = record.driver === 'copy' || (rootFolder !== undefined && !isApart);
  const isServed = record.driver === 'fuse-overlayfs';
  const recipes = mountedLayers(record.layers).map((diffId) => layers.recipePath(diffId));
  return {
    // A program may have made a file that is called as a mark, but where those are marks.
    own: {
      path: isWhole ? rootFolder?.path ?? root : upper, marks: isServed ? 'names' : 'overlay',
    },
    isWhole,
    layers: isApart
      ? [{ path: rootFolder.path, marks: 'overlay' }] : layerFolders(engine, record.layers),
    owners: ownerSource(record, { ledger, recipes }),
  };
}

/** The folders that make the container's whole tree, top one first. */
export function wholeTree({ own, isWhole, layers }: OwnFiles): readonly MarkedFolder[] {
  return isWhole ? [own] : [own, ...layers];
}

function ownerSource(
  { emulatesRoot, containerIds, driver }: BerthContainer,
  recorded: { ledger: string; recipes: string[] },
): OwnerSource | undefined {
  if (emulatesRoot === true) return { kind: 'records', ...recorded };
  // What a program serves has the container's ids already.
  if (containerIds === undefined || driver === 'fuse-overlayfs') return undefined;
  return { kind: 'map', ...containerIds };
}
