/**
 * Finds what killed commands left: unfinished things, trash, and sockets on which nobody listens.
 */
import { join } from 'node:path';
import type { CheckParts, StoreFinding } from './check-finding.ts';
import { isId } from './names.ts';
import { isOwnRunDirectory } from './run-directory.ts';
import { listDirectory } from './whole-file.ts';

const DAY_MS = 24 * 3600 * 1000;

/** Findings about staging/, trash/, blobs/partial/ and the run directory. */
export function checkLeftovers(parts: CheckParts): StoreFinding[] {
  const leftover = (object: string, problem: string): StoreFinding =>
    ({ kind: 'leftover', object, problem, state: 'unused' });
  const { staging, trash, blobs } = parts;
  return [
    ...staging.entries().filter(({ isDead }) => isDead)
      .map(({ path, purpose }) => leftover(path, `half-made (${purpose}) by a killed command`)),
    ...trash.leftovers().map((path) => leftover(path, 'removed and not yet cleared away')),
    ...blobs.partials().filter(({ modifiedAtMs }) => Date.now() - modifiedAtMs > DAY_MS)
      .map(({ path }) => leftover(path, 'a download that stopped more than a day ago')),
    ...deadRunDirectories(parts).map((path) => leftover(path, 'of a container that is gone')),
  ];
}

function deadRunDirectories({ layout, containers, containerNames }: CheckParts): string[] {
  return listDirectory(layout.runContainers)
    .filter((id) => isId(id) && isOwnRunDirectory(layout, id))
    .filter((id) => !containers.exists(id) && containerNames.isStale(id))
    .map((id) => join(layout.runContainers, id));
}
