/** Checks of the file systems that hold images, containers and the program. */
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, user, type Finding } from './finding.ts';

/** Servers of these refuse the owners that images have, and overlay is refused on them. */
const NETWORK_FILE_SYSTEMS =
  /^(nfs4?|cifs|smb[23]?|smbfs|lustre|gpfs|beegfs|ceph|afs|fuse\.sshfs)$/;
const LITTLE_BYTES = 1024 ** 3;

/** Whether overlay can be mounted for containers. */
export function checkOverlay({ store }: DoctorFacts): Finding {
  const id = 'overlay';
  if (store.hasOverlay) return ok(id, 'overlay file systems can be mounted');
  return {
    id,
    severity: 'blocked',
    found: 'the kernel has no overlay file system',
    cost: 'no container can run: layers become its root file system by overlay',
    remedies: [administrator('modprobe overlay')],
  };
}

/** Whether the store lies on a file system that keeps owners. */
export function checkStorePlace({ store, account }: DoctorFacts): Finding {
  const id = 'store';
  const fileSystem = store.mount?.fileSystem ?? store.fileSystem;
  if (!NETWORK_FILE_SYSTEMS.test(fileSystem)) return ok(id, `${store.path} is on ${fileSystem}`);
  return {
    id,
    severity: 'slower',
    found: `${store.path} is on ${fileSystem}, a network file system`,
    cost: 'owners of files are kept beside them, and every file costs a round trip',
    remedies: [user(`export XDG_DATA_HOME=/var/tmp/${account.name}`)],
  };
}

/** Whether images still fit. */
export function checkFreeSpace({ store }: DoctorFacts): Finding {
  const id = 'free-space';
  const free = `${(store.freeBytes / LITTLE_BYTES).toFixed(1)} GiB are free for images`;
  if (store.freeBytes >= LITTLE_BYTES) return ok(id, free);
  return {
    id,
    severity: 'missing',
    found: free,
    cost: 'most images do not fit',
    remedies: [user('berth system prune --all')],
  };
}

/** Whether the program may be executed, and set-user-id programs of images may be what they are. */
export function checkMountOptions({ store, program }: DoctorFacts): Finding {
  const id = 'mount-options';
  const places = [
    { path: store.path, mount: store.mount },
    { path: program.path, mount: program.mount },
  ];
  const bad = places.find(({ mount }) => mount?.options.includes('noexec'));
  if (bad?.mount === undefined) return ok(id, 'files of the store can be executed');
  return {
    id,
    severity: 'weaker',
    found: `${bad.path} is on ${bad.mount.mountPoint}, which is mounted noexec`,
    cost: 'programs of images may be refused with "permission denied"',
    remedies: [administrator(`mount -o remount,exec ${bad.mount.mountPoint}`)],
  };
}
