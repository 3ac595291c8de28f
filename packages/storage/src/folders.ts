/**
 * Checks that the store's own folders are folders. A link in the place of a folder would lead
 * collection, and the emptying of the trash, to files outside of the store.
 */
import { lstatSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ConflictError } from '@berth/errors';
import { attempt, ifThere } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { randomHex } from './random.ts';

const RANDOM_BYTES = 4;

function foldersOf(layout: Layout): string[] {
  const { data, images, layers, shifted, containers, volumes, staging, trash } = layout;
  return [
    join(data, 'blobs'), layout.blobs, layout.partialBlobs, images, layout.imageNames, layers,
    shifted, containers, layout.containerNames, volumes, staging, trash,
  ];
}

/** Something that is no folder, in the place of one. */
interface Misplaced {
  readonly path: string;
  /** What it is; messages show it after its path. */
  readonly problem: string;
}

/** Everything that is in the place of a folder and is not one. */
export function misplaced(layout: Layout): Misplaced[] {
  return foldersOf(layout).flatMap((path): Misplaced[] => {
    const status = attempt('look at', path, () => ifThere(() => lstatSync(path)));
    if (status === undefined || status.isDirectory()) return [];
    const problem = status.isSymbolicLink() ? 'is a link, and has to be a folder' : 'is no folder';
    return [{ path, problem }];
  });
}

/** Throws a ConflictError when something else is in the place of a folder. */
export function requireFolders(layout: Layout): void {
  const [first] = misplaced(layout);
  if (first === undefined) return;
  throw new ConflictError('NOT_A_FOLDER', `collect what is unused: "${first.path}" `
    + first.problem, { hint: 'berth system check --repair moves it aside' });
}

/** What was in the place of the folder is now beside the store's folders, unchanged. */
export function moveAside({ data }: Layout, path: string): void {
  const aside = join(data, `aside-${basename(path)}-${randomHex(RANDOM_BYTES)}`);
  attempt('move aside', path, () => renameSync(path, aside));
}
