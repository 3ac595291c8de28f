/** Which layers of an image are mounted, and how many there may be. */
import { UnsupportedError } from '@berth/errors';
import { MAX_LAYERS } from '@berth/isolation';

/**
 * The layers to mount, top one first. One that comes several times is mounted where it is topmost:
 * all that it shows or hides further down it shows or hides there, and the kernel refuses a second.
 */
export function mountedLayers(diffIds: readonly string[]): string[] {
  return [...new Set([...diffIds].reverse())];
}

/** Throws UnsupportedError where an image has no layer that could be a root. */
export function requireLayers(name: string, diffIds: readonly string[]): void {
  if (diffIds.length > 0) return;
  throw new UnsupportedError(
    'NO_LAYERS', `create container from "${name}": it has no layers, and so nothing to run`,
  );
}

/** Throws UnsupportedError where no container could be made of so many layers. */
export function requireMountable(what: string, diffIds: readonly string[]): void {
  const { length } = mountedLayers(diffIds);
  if (length <= MAX_LAYERS) return;
  throw new UnsupportedError(
    'TOO_MANY_LAYERS',
    `${what}: it has ${length} layers, and the kernel mounts at most ${MAX_LAYERS} as one root`,
    { hint: 'squash it where it is built: podman build --squash-all, buildah build --squash' },
  );
}
