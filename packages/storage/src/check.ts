/**
 * Checks the store against itself: every record, name and link, what they point to, and what was
 * left behind. It only reads; layers' trees are compared with their recipes elsewhere.
 *
 * Other commands go on meanwhile, so each finding is checked twice: if another command was just
 * making or removing the thing, the second look finds it complete or gone.
 */
import { checkBlobs } from './check-blobs.ts';
import { checkContainers } from './check-containers.ts';
import type { CheckParts, StoreCheckOptions, StoreFinding } from './check-finding.ts';
import { checkImages } from './check-images.ts';
import { checkLayers } from './check-layers.ts';
import { checkLeftovers } from './check-leftovers.ts';
import { checkVolumes } from './check-volumes.ts';
import { misplaced } from './folders.ts';

const SECOND_LOOK_MS = 200;

/** All findings, object by object. */
export async function checkStore(
  parts: CheckParts,
  options: StoreCheckOptions = {},
): Promise<StoreFinding[]> {
  const first = findAll(parts, options);
  if (first.length === 0) return first;
  await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
  const again = new Set(findAll(parts, options).map(keyOf));
  return first.filter((finding) => again.has(keyOf(finding)));
}

/** If something else has the place of a folder, missing objects in other folders mean nothing. */
function findAll(parts: CheckParts, options: StoreCheckOptions): StoreFinding[] {
  const folders = misplaced(parts.layout);
  if (folders.length > 0) {
    return folders.map(({ path, problem }) =>
      ({ kind: 'folder', object: path, problem, state: 'damaged' }));
  }
  return [
    ...checkImages(parts),
    ...checkLayers(parts, options),
    ...checkBlobs(parts, options),
    ...checkContainers(parts),
    ...checkVolumes(parts),
    ...checkLeftovers(parts),
  ];
}

function keyOf({ kind, object, problem }: StoreFinding): string {
  return `${kind}\0${object}\0${problem}`;
}
