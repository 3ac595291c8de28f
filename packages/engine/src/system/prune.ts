/** `system prune` and `system reset`: remove unused things, or everything. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pruneSeccomp } from '../containers/seccomp-cache.ts';
import { neededShifted } from '../containers/shifted-layers.ts';
import { pruneContainers, removeEach } from '../containers/remove.ts';
import { collectGarbage, removeTrees, type Engine } from '../engine.ts';
import { pruneImages } from '../images/remove.ts';
import { pruneVolumes } from '../volumes/volumes.ts';
import type { Filter } from '../filter.ts';

/** What `system prune` takes. */
export interface PruneOptions {
  /** Images without containers too, not only those without a name. */
  all: boolean;
  volumes: boolean;
  filters: readonly Filter[];
}

/** What went. */
export interface PruneReport {
  containers: string[];
  images: string[];
  volumes: string[];
  reclaimedBytes: number;
}

/** Containers at rest, images and, if asked, volumes that nothing uses are gone. */
export async function pruneSystem(engine: Engine, options: PruneOptions): Promise<PruneReport> {
  engine.store.requireFolders();
  const containers = await pruneContainers(engine, options.filters);
  const volumes = options.volumes
    ? await pruneVolumes(engine, { filters: options.filters, all: true })
    : [];
  const images = await pruneImages(engine, { all: options.all, filters: options.filters });
  pruneSeccomp(engine);
  const collected = await collectGarbage(engine, { neededShifted: () => neededShifted(engine) });
  const reclaimed = [...containers, ...volumes, ...images].map((one) => one.reclaimedBytes);
  return {
    containers: containers.map(({ id }) => id),
    images: images.map(({ id }) => id),
    volumes: volumes.map(({ name }) => name),
    reclaimedBytes: reclaimed.reduce((sum, bytes) => sum + bytes, collected),
  };
}

/** Every container is ended and everything of the user's store is gone. */
export async function resetSystem(engine: Engine): Promise<void> {
  const { store, directories } = engine;
  const options = { force: true, volumes: true, timeoutSeconds: 0 };
  await removeEach(engine, store.containers.ids(), options);
  // The folder itself may lie where only this process may remove it, and not root of the namespace.
  const { data } = store.layout;
  const parts = existsSync(data) ? readdirSync(data) : [];
  await removeTrees(engine, parts.map((name) => join(data, name)));
  rmSync(data, { recursive: true, force: true });
  rmSync(directories.run, { recursive: true, force: true });
  rmSync(directories.cache, { recursive: true, force: true });
}
