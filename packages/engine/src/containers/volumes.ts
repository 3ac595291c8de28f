/**
 * The volumes of a new container: named ones are made where they are missing, images' VOLUMEs get
 * anonymous ones, and every volume becomes a bind of its folder.
 */
import type { ContainerRequest, MountRequest } from '@berth/bundle';
import type { Engine } from '../engine.ts';
import type { FoundImage } from '../images/find.ts';

/** The volumes of a new container, all of which exist. */
export interface PlannedVolumes {
  /** The request with volumes added for the image's VOLUMEs and every volume named. */
  request: ContainerRequest;
  /** Every volume it mounts. */
  names: string[];
  anonymous: string[];
  /** Fresh volumes that are filled from the image at first start. */
  copyUps: { target: string; volume: string }[];
}

/** Makes the volumes that are missing. */
export function planVolumes(
  engine: Engine,
  { request, image }: { request: ContainerRequest; image: FoundImage },
): PlannedVolumes {
  const planned: PlannedVolumes = { request, names: [], anonymous: [], copyUps: [] };
  const wanted = [...request.mounts, ...imageVolumes(request, image)];
  const mounts = wanted.map((mount) =>
    mount.type === 'volume' ? place(engine, mount, planned) : mount,
  );
  return { ...planned, request: { ...request, mounts } };
}

function imageVolumes(request: ContainerRequest, image: FoundImage): MountRequest[] {
  const taken = new Set(request.mounts.map(({ target }) => target.replace(/\/+$/, '')));
  return image.config.volumes
    .filter((target) => target.startsWith('/') && !taken.has(target.replace(/\/+$/, '')))
    .map((target) => ({ type: 'volume', name: undefined, target, options: [] }));
}

type VolumeMount = Extract<MountRequest, { type: 'volume' }>;

function place(engine: Engine, mount: VolumeMount, planned: PlannedVolumes): MountRequest {
  const { volumes } = engine.store;
  const isFresh = mount.name === undefined || !volumes.exists(mount.name);
  const { name } = volumes.create({ name: mount.name, ignoreExisting: true });
  planned.names.push(name);
  if (mount.name === undefined) {
    planned.anonymous.push(name);
  }
  if (isFresh && !mount.options.includes('nocopy')) {
    planned.copyUps.push({ target: mount.target, volume: name });
  }
  return { ...mount, name };
}
