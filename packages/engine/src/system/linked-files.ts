/**
 * Files that several layers share as hard links: they take disk space once, though the size of
 * each layer counts them. They are found by looking at the trees, because the layer with which a
 * layer was linked may have been removed since.
 */
import { lstatSync, type BigIntStats } from 'node:fs';
import { filesBelow } from '../containers/size.ts';

/** One file that several layers link to. */
export interface LinkedFile {
  sizeBytes: number;
  /** Diff ids of the layers that have it. */
  layers: Set<string>;
}

/** The files that several layers share; `trees` gives each layer's tree by its diff id. */
export function linkedFiles(trees: ReadonlyMap<string, string>): LinkedFile[] {
  const byInode = new Map<bigint, LinkedFile>();
  for (const [diffId, tree] of trees) {
    for (const path of filesBelow(tree)) {
      const status = statusOf(path);
      if (status === undefined || status.nlink < 2n) continue;
      const sizeBytes = Number(status.size);
      const file = byInode.get(status.ino) ?? { sizeBytes, layers: new Set<string>() };
      file.layers.add(diffId);
      byInode.set(status.ino, file);
    }
  }
  return [...byInode.values()].filter(({ layers }) => layers.size > 1);
}

function statusOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { throwIfNoEntry: false, bigint: true });
}

/**
 * Of the bytes that `layers` count: how many are shared among them, or with the layers `kept`, and
 * so take no space of their own.
 */
export function savedBytes(
  files: readonly LinkedFile[],
  layers: ReadonlySet<string>,
  kept: ReadonlySet<string> = new Set(),
): number {
  return files.reduce((sum, file) => {
    const counted = [...file.layers].filter((diffId) => layers.has(diffId)).length;
    if (counted === 0) return sum;
    const isKept = [...file.layers].some((diffId) => kept.has(diffId));
    return sum + file.sizeBytes * (isKept ? counted : counted - 1);
  }, 0);
}
