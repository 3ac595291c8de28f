/** The program that serves the root file systems of a store whose driver is fuse-overlayfs. */
import { UnsupportedError } from '@berth/errors';
import { findProgram } from '@berth/host';

/** The program's path. Throws UnsupportedError when it was uninstalled after the store was made. */
export function requireFuseOverlayfs(
  container: string,
  find: (name: string) => string | undefined = findProgram,
): string {
  const program = find('fuse-overlayfs');
  if (program !== undefined) return program;
  throw new UnsupportedError('NO_FUSE_OVERLAYFS', `start container "${container}": the store's ` +
    'driver is fuse-overlayfs, which is not installed any more', {
    hint: 'install it: apt-get install fuse-overlayfs; berth doctor says what else there is',
  });
}
