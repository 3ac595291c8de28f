/** Checks of the file systems that hold images, containers and the program. */
import { dirname } from 'node:path';
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, user, type Finding, type Remedy } from './finding.ts';
import { isInContainer, startOuter } from './outer-container.ts';
import { install } from './packages.ts';

/** File systems on which each file costs a round trip to a server. */
const NETWORK_FILE_SYSTEMS =
  /^(nfs4?|cifs|smb[23]?|smbfs|lustre|gpfs|beegfs|ceph|afs|fuse\.sshfs)$/;
const LITTLE_BYTES = 1024 ** 3;
/** A small distribution has some thousand files. */
const FEW_INODES = 20_000;

/** How containers get their root file systems. */
export function checkDriver(facts: DoctorFacts): Finding {
  const id = 'overlay';
  const { store, packageManager } = facts;
  const { driver, hasOverlay } = store;
  if (driver === undefined || driver.driver === 'overlay') {
    return ok(id, 'overlay file systems can be mounted');
  }
  // Then the check of user namespaces says what is to be done.
  if (driver.withoutNamespace === true) return ok(id, 'images are kept without user namespaces');
  const remedy = driver.hasOldMarks === true ? user('berth rmi --all   # and pull them again')
    : hasOverlay ? onDisk(facts)
      : administrator('modprobe overlay   # then, as the user: berth system reset --force');
  if (driver.driver === 'fuse-overlayfs') {
    return {
      id,
      severity: 'slower',
      found: `a program serves the files of containers (driver "fuse-overlayfs"): ${driver.reason}`,
      cost: 'containers start later and open files several times slower; one more process for each',
      remedies: [remedy],
    };
  }
  return {
    id,
    severity: 'slower',
    found: `containers are copies of their images (driver "copy"): ${driver.reason}`,
    cost: "each new container takes its image's size in disk, and the time to copy it",
    remedies: driver.lacksProgram === true
      ? [remedy, install(packageManager, 'fuse-overlayfs')] : [remedy],
  };
}

/** Moves the store to a local disk. In a container, only a volume is on one for sure. */
function onDisk(facts: DoctorFacts): Remedy {
  return isInContainer(facts) ? onVolume(facts) : elsewhere(facts);
}

function onVolume({ store: { path } }: DoctorFacts): Remedy {
  return startOuter(`-v berth:${dirname(path)}`);
}

/** Images and containers stay at the old place; images have to be pulled again. */
function elsewhere(facts: DoctorFacts): Remedy {
  const { account: { name }, forRoot, store: { otherPlace } } = facts;
  if (otherPlace === undefined && isInContainer(facts)) return onVolume(facts);
  const place = otherPlace ?? '/var/tmp';
  return user(forRoot ? `berth --root ${place}/berth COMMAND`
    : `export XDG_DATA_HOME=${place}/${name}`);
}

/** Whether the store's file system can keep owners of files. */
export function checkStorePlace(facts: DoctorFacts): Finding {
  const id = 'store';
  const { store } = facts;
  const { driver, path, refusal } = store;
  if (refusal !== undefined) {
    return {
      id,
      severity: 'blocked',
      found: `${path} can't be made or changed: ${refusal}`,
      cost: 'no image can be stored, and no container',
      remedies: [elsewhere(facts)],
    };
  }
  const fileSystem = store.mount?.fileSystem ?? store.fileSystem;
  if (driver !== undefined && driver.owners !== 'native' && !driver.hadOneId) {
    return {
      id,
      severity: 'weaker',
      found: `${path} is on ${fileSystem}, where your files can't belong to your other ids`,
      cost: 'containers have one user id: root inside is you, and other users are not real',
      remedies: [elsewhere(facts)],
    };
  }
  if (!NETWORK_FILE_SYSTEMS.test(fileSystem)) return ok(id, `${path} is on ${fileSystem}`);
  return {
    id,
    severity: 'slower',
    found: `${path} is on ${fileSystem}, a network file system`,
    cost: 'every file costs a round trip',
    remedies: [elsewhere(facts)],
  };
}

/** Whether the layers of the store have the owners that the user's ids give them. */
export function checkStoreIds({ store: { layersOfOtherIds: count } }: DoctorFacts): Finding {
  const id = 'store-ids';
  if (count === 0) return ok(id, 'images were unpacked under your present ids');
  return {
    id,
    severity: 'missing',
    found: `${count} ${count === 1 ? 'layer was' : 'layers were'} unpacked under other ids than `
      + 'your present ones',
    cost: 'images with them are refused, for their files would belong to others',
    remedies: [
      administrator('restore your former ranges in /etc/subuid and /etc/subgid'),
      user('berth rmi --all   # or that, and pull the images again'),
    ],
  };
}

/** Whether there is enough free space for images, and room for the number of their files. */
export function checkFreeSpace(facts: DoctorFacts): Finding {
  const { freeBytes, freeInodes, path } = facts.store;
  const id = 'free-space';
  const free = `${(freeBytes / LITTLE_BYTES).toFixed(1)} GiB are free for images`;
  const lacksInodes = freeInodes !== undefined && freeInodes < FEW_INODES;
  if (freeBytes >= LITTLE_BYTES && !lacksInodes) return ok(id, free);
  return {
    id,
    severity: 'missing',
    found: freeBytes < LITTLE_BYTES ? free
      : `the file system of ${path} has room for ${freeInodes} more files (df -i), however small`,
    cost: 'most images do not fit',
    remedies: [user('berth system prune --all'), elsewhere(facts)],
  };
}

/** Whether files may be executed there: overlays may in any case, copies and volumes may not. */
export function checkMountOptions(facts: DoctorFacts): Finding {
  const { store, program } = facts;
  const id = 'mount-options';
  const places = [
    { path: store.path, mount: store.mount },
    { path: program.path, mount: program.mount },
  ];
  const bad = places.find(({ mount }) => mount?.options.includes('noexec'));
  if (bad?.mount === undefined) return ok(id, 'files of the store can be executed');
  const isCopied = store.driver?.driver === 'copy';
  return {
    id,
    severity: isCopied ? 'blocked' : 'weaker',
    found: `${bad.path} is on ${bad.mount.mountPoint}, which is mounted noexec`,
    cost: `programs ${isCopied ? 'of images' : 'in volumes'} are refused with "permission denied"`,
    remedies: [isInContainer(facts) ? onVolume(facts)
      : administrator(`mount -o remount,exec ${bad.mount.mountPoint}`)],
  };
}
