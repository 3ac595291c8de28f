/** `rm` and `container prune`: containers go with what was made for them alone. */
import { IntegrityError } from '@berth/errors';
import { measureTree } from './size.ts';
import { removeTrees, type Engine } from '../engine.ts';
import type { Filter } from '../filter.ts';
import { requireAllowed } from '../lifecycle.ts';
import { matchingContainers } from './container-filters.ts';
import type { BerthContainer } from './record.ts';
import { endNow, stopById } from './stop.ts';

/** How far a removal goes. */
export interface RemoveOptions {
  force: boolean;
  /** Anonymous volumes go too. */
  volumes: boolean;
  timeoutSeconds: number | undefined;
}

/** The container is gone; answers its id. Throws ConflictError (status 2) when it runs. */
export async function removeContainer(
  engine: Engine,
  name: string,
  options: RemoveOptions,
): Promise<string> {
  const id = engine.store.containers.resolve(name);
  await removeById(engine, id, options);
  return id;
}

/** As removeContainer(), for a full id. */
export async function removeById(
  engine: Engine,
  id: string,
  options: RemoveOptions,
): Promise<void> {
  const { containers, volumes } = engine.store;
  await bringToRest(engine, id, options);
  if (!containers.exists(id)) {
    return;
  }
  const record = readableRecord(engine, id);
  const trees = [containers.remove(id)];
  if (record !== undefined && (options.volumes || record.request.remove)) {
    for (const name of record.anonymousVolumes) {
      if (volumes.exists(name)) {
        trees.push(volumes.remove(name, () => containers.usersOfVolume(name)));
      }
    }
  }
  await removeTrees(engine, trees.filter((tree) => tree !== undefined));
}

/** Undefined when it is damaged: the container goes, its volumes stay for `volume prune`. */
function readableRecord(engine: Engine, id: string): BerthContainer | undefined {
  try {
    return engine.store.containers.record<BerthContainer>(id);
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}

async function bringToRest(engine: Engine, id: string, options: RemoveOptions): Promise<void> {
  const { containers } = engine.store;
  const { state, hostName } = containers.state(id);
  if (state === 'running' && options.force) {
    await (options.timeoutSeconds === undefined
      ? stopById(engine, id, { timeoutSeconds: undefined })
      : stopById(engine, id, options));
  } else if (state === 'stopping') {
    await endNow(engine, id);
  } else if (!(state === 'elsewhere' && options.force)) {
    requireAllowed('remove', { name: containers.name(id), state, host: hostName });
  }
}

/** Something that was removed, and the bytes that it took. */
export interface Reclaimed {
  id: string;
  reclaimedBytes: number;
}

/** Every container at rest that the filters accept is gone. */
export async function pruneContainers(
  engine: Engine,
  filters: readonly Filter[],
): Promise<Reclaimed[]> {
  const pruned: Reclaimed[] = [];
  for (const { id, state } of matchingContainers(engine, filters)) {
    if (!['created', 'exited', 'unknown'].includes(state.state)) {
      continue;
    }
    const reclaimedBytes = measureTree(engine.store.containers.paths(id).upper);
    await removeById(engine, id, { force: false, volumes: true, timeoutSeconds: undefined });
    pruned.push({ id, reclaimedBytes });
  }
  return pruned;
}
