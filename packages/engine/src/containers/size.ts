/** How much disk a container's own files take. */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../engine.ts';
import { listedRecord } from './listed-record.ts';

/** The unit of st_blocks (stat(2)). */
const BLOCK_BYTES = 512;

/** The sizes of all files below a folder, in bytes; files that this user can't read count as 0. */
export function measureTree(path: string): number {
  let total = 0;
  for (const file of filesBelow(path)) {
    total += lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }
  return total;
}

/** The bytes on the disk for the files below a folder; holes in files do not count. */
export function measureDisk(path: string): number {
  let blocks = 0;
  for (const file of filesBelow(path)) {
    blocks += lstatSync(file, { throwIfNoEntry: false })?.blocks ?? 0;
  }
  return blocks * BLOCK_BYTES;
}

/** The paths of all regular files below a folder, as far as this user can read it. */
export function* filesBelow(path: string): Generator<string> {
  const waiting = [path];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of entriesOf(folder)) {
      const child = join(folder, entry.name);
      if (entry.isDirectory()) {
        waiting.push(child);
      } else if (entry.isFile()) {
        yield child;
      }
    }
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Bytes of the files that belong to the container only; with a copy, those of its whole root. */
export function measureOwn({ store }: Engine, id: string): number {
  const { root, upper } = store.containers.paths(id);
  return measureTree(existsSync(root) ? root : upper);
}

/** The container's own bytes, and these with its image's; 0 for a damaged or removed container. */
export function measureContainer(
  engine: Engine,
  id: string,
): { sizeRw: number; sizeRootFs: number } {
  const record = listedRecord(engine, id);
  const sizeRw = measureOwn(engine, id);
  if (record.driver === 'copy') return { sizeRw, sizeRootFs: sizeRw };
  const image = engine.store.images.record(record.imageId)?.sizeBytes ?? 0;
  return { sizeRw, sizeRootFs: sizeRw + image };
}
