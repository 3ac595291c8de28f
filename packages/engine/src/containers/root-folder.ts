/** Containers that run from a folder of the machine and have no image (`--rootfs`). */
import { statSync } from 'node:fs';
import type { ContainerRequest } from '@berth/bundle';
import { NotFoundError, UnsupportedError, UsageError } from '@berth/errors';
import { localPlatform, parseImageConfig } from '@berth/oci';
import type { Engine } from '../engine.ts';
import type { FoundImage } from '../images/local.ts';

type RootFolder = NonNullable<ContainerRequest['rootFolder']>;

/**
 * An image without layers and without a command, for --rootfs. Throws when there is no such folder.
 */
export function imageOfFolder(engine: Engine, folder: RootFolder): FoundImage {
  const status = statSync(folder.path, { throwIfNoEntry: false });
  if (status === undefined) {
    throw new NotFoundError('NO_ROOTFS', `run from "${folder.path}": no such folder`);
  }
  if (!status.isDirectory()) {
    throw new UsageError('BAD_ROOTFS', `run from "${folder.path}": not a folder`);
  }
  if (folder.keepsChangesApart && engine.driver.driver !== 'overlay') {
    throw new UnsupportedError('ROOTFS_OVERLAY', `run from "${folder.path}:O": the store has no `
      + 'overlay file systems', { hint: 'leave the ":O" out, or use another --root' });
  }
  const { os, architecture } = localPlatform();
  const config = parseImageConfig(Buffer.from(JSON.stringify({ os, architecture })));
  const record = {
    version: 1, id: '', layers: [], architecture, os, sizeBytes: 0, labels: {}, addedAtMs: 0,
  } as const;
  return { record, config, name: folder.path };
}

/**
 * Throws when the container has an id map of its own: the folder's files would belong to nobody.
 */
export function requireSharedIds({ path }: RootFolder, ids: object | undefined): void {
  if (ids === undefined) return;
  throw new UnsupportedError('ROOTFS_IDS', `run from "${path}" with --userns: a folder `
    + 'has the ids that you have', { hint: 'leave --userns, --uidmap and --gidmap out' });
}

/** The accounts to add; none are written into a folder of the user. */
export function accountsOf(
  { rootFolder, accounts }: ContainerRequest,
): ContainerRequest['accounts'] {
  const isOwn = rootFolder?.keepsChangesApart !== false;
  return isOwn || accounts === undefined ? accounts : { ...accounts, write: false };
}
