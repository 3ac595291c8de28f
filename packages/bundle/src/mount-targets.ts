/** Checks where mounts go: a target is absolute, below the root, and named only once. */
import { posix } from 'node:path';
import { UsageError } from '@berth/errors';

/** The normalised target. Throws UsageError for a relative path and for the root itself. */
export function mountTarget(target: string): string {
  if (!target.startsWith('/')) {
    throw new UsageError('BAD_MOUNT_TARGET', `mount on "${target}": not an absolute path`);
  }
  const normal = posix.normalize(target).replace(/(.)\/+$/, '$1');
  if (normal === '/') {
    throw new UsageError('BAD_MOUNT_TARGET', 'mount on "/": the root has its own file system');
  }
  if (normal === '/proc') {
    // CVE-2019-16884: what the runtime writes to /proc would go to another place.
    throw new UsageError('BAD_MOUNT_TARGET', 'mount on "/proc": nothing may take its place');
  }
  return normal;
}

/** Throws UsageError when two mounts of the user have the same target. */
export function refuseDuplicates(targets: readonly string[]): void {
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) {
    throw new UsageError('DUPLICATE_MOUNT', `mount on "${twice}": two mounts have this target`);
  }
}
