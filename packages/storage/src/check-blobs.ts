/** Checks blobs: each against its digest, and whether something needs it. */
import { join } from 'node:path';
import type { CheckParts, StoreCheckOptions, StoreFinding } from './check-finding.ts';
import { problemOf } from './check-finding.ts';
import { ageMs } from './check-layers.ts';
import { usedBlobs } from './collect.ts';
import { fileDigest } from './file-digest.ts';
import { listDirectory } from './whole-file.ts';

/** Findings about blobs/sha256/. */
export function checkBlobs(parts: CheckParts, options: StoreCheckOptions): StoreFinding[] {
  const { blobs, layout } = parts;
  const digests = blobs.list();
  const used = usedBlobs(parts);
  const known = new Set(digests.map((digest) => digest.replace('sha256:', '')));
  const strangers = listDirectory(layout.blobs).filter((name) => !known.has(name));
  const isUnused = (digest: string): boolean =>
    used?.has(digest) === false && ageMs(blobs.path(digest)) >= (options.unusedAgeMs ?? 0);
  return [
    ...(options.quick === true ? [] : digests.flatMap((digest) => checkContent(parts, digest))),
    ...digests.filter(isUnused).map((digest): StoreFinding => ({
      kind: 'blob', object: digest, problem: 'no image needs it', state: 'unused',
    })),
    ...strangers.map((name): StoreFinding => ({
      kind: 'stranger', object: join(layout.blobs, name), problem: 'is no blob', state: 'unused',
    })),
  ];
}

function checkContent({ blobs }: CheckParts, digest: string): StoreFinding[] {
  let isSame = true;
  const problem = problemOf(() => {
    isSame = !blobs.has(digest) || fileDigest(blobs.path(digest)) === digest;
  });
  if (problem === undefined && isSame) return [];
  return [{
    kind: 'blob', object: digest, state: 'damaged',
    problem: problem ?? 'its content is another one',
  }];
}
