/** Which layers of an image are mounted, and how many there may be. */
import { UnsupportedError } from '@berth/errors';
import { idMapKey, MAX_LAYERS } from '@berth/isolation';
import type { Engine } from '../engine.ts';

/**
 * The layers to mount, top one first. A layer that occurs several times is mounted only at its
 * topmost place. The result is the same, because there it already shows and hides all that it would
 * further down; and the kernel refuses to mount one folder twice.
 */
export function mountedLayers(diffIds: readonly string[]): string[] {
  return [...new Set([...diffIds].reverse())];
}

/**
 * Throws ConflictError when a layer was unpacked under other ids than the user's present ones: its
 * files would belong to others. Root of a container has the numbers of that container for the ids
 * that a store of outside has, so there nothing can be said.
 */
export function requirePresentIds(engine: Engine, diffIds: readonly string[]): void {
  if (engine.account.uid === 0) return;
  const key = idMapKey(engine.idMaps);
  for (const diffId of new Set(diffIds)) engine.store.layers.requireMapIfThere(diffId, key);
}

/** Throws UnsupportedError when an image has no layers, and so no root file system. */
export function requireLayers(name: string, diffIds: readonly string[]): void {
  if (diffIds.length > 0) return;
  throw new UnsupportedError(
    'NO_LAYERS', `create container from "${name}": it has no layers, and so nothing to run`,
  );
}

/** Throws UnsupportedError when there are more layers than one overlay can have. */
export function requireMountable(what: string, diffIds: readonly string[]): void {
  const { length } = mountedLayers(diffIds);
  if (length <= MAX_LAYERS) return;
  throw new UnsupportedError(
    'TOO_MANY_LAYERS',
    `${what}: it has ${length} layers, and the kernel mounts at most ${MAX_LAYERS} as one root`,
    { hint: 'squash it where it is built: podman build --squash-all, buildah build --squash' },
  );
}
