/**
 * The volumes of a new container. An image's VOLUME gets an anonymous volume, every volume becomes
 * a bind of its folder, and missing volumes are made after everything else has been decided.
 */
import { posix } from 'node:path';
import type { ContainerRequest, MountRequest } from '@berth/bundle';
import { ConflictError, NotFoundError, UsageError } from '@berth/errors';
import { randomId } from '@berth/storage';
import { removeTrees, type Engine } from '../engine.ts';
import type { FoundImage } from '../images/local.ts';
import type { BerthContainer } from './record.ts';

/** The volumes of a new container. */
export interface PlannedVolumes {
  /** The request with mounts added for the image's VOLUMEs; every volume has a name. */
  request: ContainerRequest;
  /** The names of all volumes that it mounts. */
  names: string[];
  anonymous: string[];
  /** Volumes that are filled from the image when they are empty at a start. */
  copyUps: { target: string; volume: string }[];
}

/** Chooses a name for every volume; makes nothing. */
export function planVolumes(request: ContainerRequest, image: FoundImage): PlannedVolumes {
  const planned: PlannedVolumes = { request, names: [], anonymous: [], copyUps: [] };
  const wanted = [...request.mounts, ...mountsOfImage(request, image)];
  const mounts = wanted.map((mount) =>
    mount.type === 'volume' ? named(mount, planned) : mount,
  );
  return { ...planned, request: { ...request, mounts } };
}

/** A request with the mounts of other containers. */
export interface WithVolumesFrom {
  request: ContainerRequest;
  /** Those of its volumes that are removed with the last container that mounts them. */
  anonymous: string[];
}

/**
 * The request with the mounts of the containers that --volumes-from names, except at targets where
 * it has a mount of its own. Throws NotFoundError for an unknown container, UsageError for invalid
 * options.
 */
export function withVolumesFrom(engine: Engine, request: ContainerRequest): WithVolumesFrom {
  const mounts = [...request.mounts];
  const anonymous: string[] = [];
  for (const text of request.volumesFrom ?? []) {
    const { name, options } = parseVolumesFrom(text);
    const { containers } = engine.store;
    const source = containers.record<BerthContainer>(containers.resolve(name));
    const lent = source.request.mounts.filter(({ type }) => type !== 'tmpfs');
    const taken = new Set(mounts.map(({ target }) => place(target)));
    const added = lent.filter(({ target }) => !taken.has(place(target)));
    mounts.push(...added.map((mount) => ({ ...mount, options: [...mount.options, ...options] })));
    const volumes = new Set(added.map((mount) => mount.type === 'volume' && mount.name));
    anonymous.push(...source.anonymousVolumes.filter((volume) => volumes.has(volume)));
  }
  return { request: { ...request, mounts }, anonymous };
}

function parseVolumesFrom(text: string): { name: string; options: string[] } {
  const [name = '', ...rest] = text.split(':');
  const options = rest.flatMap((part) => part.split(','));
  const odd = options.find((option) => !['ro', 'rw', 'z'].includes(option));
  if (odd !== undefined) {
    throw new UsageError(
      'BAD_VOLUMES_FROM',
      `read --volumes-from "${text}": no such option as "${odd}"`,
    );
  }
  return { name, options };
}

function mountsOfImage(request: ContainerRequest, image: FoundImage): MountRequest[] {
  if (request.imageVolumes === 'ignore') return [];
  const taken = new Set(request.mounts.map(({ target }) => place(target)));
  const places = image.config.volumes.filter((target) => target.startsWith('/')).map(place);
  return [...new Set(places)]
    .filter((target) => !taken.has(target))
    .map((target) =>
      request.imageVolumes === 'tmpfs'
        ? { type: 'tmpfs', target, options: [] }
        : { type: 'volume', name: undefined, target, options: [] },
    );
}

/** The normalised path, since one folder has many names: `/data/`, `/srv/../data`. */
function place(target: string): string {
  return posix.normalize(target).replace(/(.)\/+$/, '$1');
}

type VolumeMount = Extract<MountRequest, { type: 'volume' }>;

function named(mount: VolumeMount, planned: PlannedVolumes): MountRequest {
  const name = mount.name ?? randomId();
  planned.names.push(name);
  if (mount.name === undefined) {
    planned.anonymous.push(name);
  }
  if (!mount.options.includes('nocopy')) {
    planned.copyUps.push({ target: mount.target, volume: name });
  }
  return { ...mount, name };
}

/** The volumes exist; answers the names of those that were made now. */
export function makeVolumes(engine: Engine, { names, anonymous }: PlannedVolumes): string[] {
  const { volumes } = engine.store;
  const missing = names.filter((name) => !volumes.exists(name));
  for (const name of missing) {
    volumes.create({ name, ignoreExisting: true, anonymous: anonymous.includes(name) });
  }
  return missing;
}

/** Removes what makeVolumes() made, when the container could not be made. */
export async function dropVolumes(engine: Engine, names: readonly string[]): Promise<void> {
  await removeTrees(engine, takeUnused(engine, names));
}

/**
 * Those of the volumes that no container uses are moved to the trash; answers their paths there.
 * Another container may use a volume meanwhile, by --volumes-from or by its name.
 */
export function takeUnused(engine: Engine, names: readonly string[]): string[] {
  const { volumes, containers } = engine.store;
  return names.filter((name) => volumes.isThere(name)).flatMap((name) => {
    try {
      return volumes.remove(name, () => containers.usersOfVolume(name));
    } catch (error) {
      if (error instanceof ConflictError || error instanceof NotFoundError) return [];
      throw error;
    }
  });
}
