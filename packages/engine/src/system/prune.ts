/** `system prune` and `system reset`: remove unused things, or everything. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunShared } from '@berth/storage';
import { pruneSeccomp } from '../containers/seccomp-cache.ts';
import { neededShifted } from '../containers/shifted-layers.ts';
import { pruneContainers, removeEach } from '../containers/remove.ts';
import { collectGarbage, removeTrees, type Engine } from '../engine.ts';
import { pruneImages } from '../images/remove.ts';
import { pruneVolumes } from '../volumes/volumes.ts';
import type { Filter } from '../filter.ts';

/** What `system prune` removes. */
export interface PruneOptions {
  /** Also remove images that no container uses, not only those without a name. */
  all: boolean;
  volumes: boolean;
  filters: readonly Filter[];
}

/** What was removed. */
export interface PruneReport {
  containers: string[];
  images: string[];
  volumes: string[];
  reclaimedBytes: number;
}

/** Stopped containers, unused images and, if asked, unused volumes are removed. */
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

/**
 * Every container is ended, and the user's whole store is removed. What runs from another store
 * keeps what it has in the run directory.
 */
export async function resetSystem(engine: Engine): Promise<void> {
  const { store, directories } = engine;
  const options = { force: true, volumes: true, timeoutSeconds: 0 };
  await removeEach(engine, store.containers.ids(), options);
  // The folder itself may be in a place where this process may remove it, but root of the namespace
  // may not.
  const { data } = store.layout;
  const parts = existsSync(data) ? readdirSync(data) : [];
  await removeTrees(engine, parts.map((name) => join(data, name)));
  rmSync(data, { recursive: true, force: true });
  const isShared = isRunShared(store.layout);
  rmSync(isShared ? store.layout.keptRuns : directories.run, { recursive: true, force: true });
  rmSync(directories.cache, { recursive: true, force: true });
}
