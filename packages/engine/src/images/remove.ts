/**
 * `rmi` and `image prune`: remove names first, then the image, then everything that nothing else
 * uses.
 */
import { ConflictError, EngineError, NotFoundError } from '@berth/errors';
import { collectGarbage, type Engine } from '../engine.ts';
import { removeEach } from '../containers/remove.ts';
import { type Filter } from '../filter.ts';
import { listImages } from './list.ts';

/** How much `rmi` removes. */
export interface RemoveImageOptions {
  all: boolean;
  /** Also remove the containers made from the image, and all its names. */
  force: boolean;
  /** An unknown image is no error. */
  ignore: boolean;
}

/** What was removed, and what could not be. */
export interface RemovedImages {
  untagged: string[];
  deleted: string[];
  errors: EngineError[];
}

/** The images are removed, except those for which the result has an error. */
export async function removeImages(
  engine: Engine,
  names: readonly string[],
  options: RemoveImageOptions,
): Promise<RemovedImages> {
  const removed: RemovedImages = { untagged: [], deleted: [], errors: [] };
  const wanted = options.all ? engine.store.images.ids() : names;
  for (const name of wanted) {
    try {
      await removeOne(engine, { name, options, removed });
    } catch (error) {
      if (!(error instanceof EngineError)) {
        throw error;
      }
      if (!(options.ignore && error instanceof NotFoundError)) {
        removed.errors.push(error);
      }
    }
  }
  if (removed.deleted.length > 0) {
    await collectGarbage(engine);
  }
  return removed;
}

interface Removal {
  name: string;
  options: RemoveImageOptions;
  removed: RemovedImages;
}

async function removeOne(engine: Engine, { name, options, removed }: Removal): Promise<void> {
  const { images } = engine.store;
  const { id, name: found } = images.resolve(name);
  const names = images.list().find(({ record }) => record.id === id)?.names ?? [];
  const onlyUntag = found !== undefined && names.length > 1 && !options.all;
  if (onlyUntag) {
    images.untag(id, found);
    removed.untagged.push(found);
    return;
  }
  if (found === undefined && names.length > 1 && !options.force && !options.all) {
    throw new ConflictError(
      'SEVERAL_NAMES',
      `remove image "${name}": it has ${names.length} names (${names.join(', ')})`,
      { hint: `berth rmi --force ${name}` },
    );
  }
  await requireUnused(engine, id, options.force);
  images.remove(id);
  removed.untagged.push(...names);
  removed.deleted.push(id);
}

async function requireUnused(engine: Engine, id: string, force: boolean): Promise<void> {
  const users = engine.store.containers.usersOfImage(id);
  if (users.length > 0 && !force) {
    const first = users[0]?.slice(0, 12) ?? '';
    throw new ConflictError(
      'IMAGE_IN_USE',
      `remove image "${id.slice(0, 12)}": it is in use by container ` +
        users.map((user) => user.slice(0, 12)).join(', '),
      { hint: `berth rm ${first}, or berth rmi --force`, exitStatus: 2 },
    );
  }
  await removeEach(engine, users, { force: true, volumes: false, timeoutSeconds: 0 });
}

/** Images without a name are removed; with `all`, every image that no container uses. */
export async function pruneImages(
  engine: Engine,
  { all, filters }: { all: boolean; filters: readonly Filter[] },
): Promise<{ id: string; reclaimedBytes: number }[]> {
  const entries = await listImages(engine, { all: true, filters, names: [], sort: undefined });
  const pruned: { id: string; reclaimedBytes: number }[] = [];
  for (const { id, dangling, sizeBytes } of entries) {
    const { images, containers } = engine.store;
    const isUnwanted = (): boolean => containers.usersOfImage(id).length === 0
      && (all || ![...images.links().values()].includes(id));
    if ((all || dangling) && isUnwanted() && images.removeIf(id, isUnwanted)) {
      pruned.push({ id, reclaimedBytes: sizeBytes });
    }
  }
  await collectGarbage(engine);
  return pruned;
}
