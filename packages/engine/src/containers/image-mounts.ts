/** `--mount type=image`: the files of other images in a container. */
import type { ContainerRequest, ImageMount, MountRequest } from '@berth/bundle';
import { UnsupportedError } from '@berth/errors';
import type { MountedImage } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { findImage } from '../images/find.ts';
import { mountedLayers, requireLayers, requireMountable } from '../images/mounted-layers.ts';
import type { PullOptions } from '../images/pull-options.ts';
import type { BerthContainer } from './record.ts';

/** The request with the ids of the images that it mounts; missing ones are pulled. */
export async function withMountedImages(
  engine: Engine,
  request: ContainerRequest,
  pull: PullOptions,
): Promise<ContainerRequest> {
  if (!request.mounts.some(({ type }) => type === 'image')) return request;
  requireOverlay(engine, request);
  const mounts: MountRequest[] = [];
  for (const mount of request.mounts) {
    mounts.push(mount.type === 'image' ? await found(engine, mount, pull) : mount);
  }
  return { ...request, mounts };
}

async function found(engine: Engine, mount: ImageMount, pull: PullOptions): Promise<ImageMount> {
  const { name, record, config } = await findImage(engine, mount.source, pull);
  requireLayers(name, config.diffIds);
  requireMountable(`mount image "${name}"`, config.diffIds);
  return { ...mount, imageId: record.id };
}

function requireOverlay({ driver }: Engine, { userns }: ContainerRequest): void {
  const reason = userns !== undefined
    ? 'the container has ids of its own' : `the store's driver is ${driver.driver}`;
  if (userns === undefined && driver.driver === 'overlay') return;
  throw new UnsupportedError('NO_IMAGE_MOUNT', `mount an image: ${reason}`, {
    hint: 'berth create IMAGE; berth export CONTAINER | tar -x -C FOLDER; and -v FOLDER:PATH',
  });
}

/** The images that these mounts show. */
export function mountedImages({ store }: Engine, mounts: readonly MountRequest[]): MountedImage[] {
  return mounts.flatMap((mount) => {
    if (mount.type !== 'image' || mount.imageId === undefined) return [];
    const layers = store.images.record(mount.imageId)?.layers ?? [];
    return [{ id: mount.imageId, layers: layers.map(({ diffId }) => diffId) }];
  });
}

/** The trees of each mounted image, top one first, by the image's id. */
export function imageLayers(
  { store }: Engine,
  { mountedImages: images = [] }: BerthContainer,
): Record<string, string[]> {
  return Object.fromEntries(images.map(({ id, layers }) =>
    [id, mountedLayers(layers).map((diffId) => store.layers.treePath(diffId))]));
}
