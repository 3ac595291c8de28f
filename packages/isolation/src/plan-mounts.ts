/** The root file system and mount records of a plan, in the runtime spec's order. */
import type { MountSpec, RuntimeSpec } from '@berth/oci';
import type { SupervisorSettings } from './plan-settings.ts';
import { mountNumbers } from './mount-options.ts';
import type { PlanWriter } from './plan-writer.ts';

/** Targets that the plan's dev-setup makes itself: the private /dev and the mounts in it. */
const OWN_TARGETS = new Set(['/dev', '/dev/pts', '/dev/shm', '/dev/mqueue']);
/** MS_BIND and MS_REC. */
const BIND = 4096 | 16384;
const DEFAULT_SHM_BYTES = 65_536_000;

/** Appends the root, its links, every mount, devices, masks and read-only paths. */
export function addMounts(
  plan: PlanWriter,
  spec: RuntimeSpec,
  settings: SupervisorSettings,
): void {
  addRoot(plan, spec, settings);
  for (const { path, content } of settings.symlinks) {
    plan.add('symlink', content, path);
  }
  for (const { file, id, line } of settings.accounts ?? []) {
    plan.add('account', file, id, line);
  }
  for (const { target, data, isOwned } of settings.copyUps) {
    plan.add('copy-up', target, data, ...(isOwned ? ['owned'] : []));
  }
  const overlayFolder = (mount: MountSpec): string =>
    `${settings.stateDirectory}/overlay-${spec.mounts.indexOf(mount)}`;
  const own = spec.mounts.filter((mount) => OWN_TARGETS.has(mount.destination) && !isBind(mount));
  const others = spec.mounts.filter((mount) => !own.includes(mount));
  const add = (mount: MountSpec): void => {
    const lowers = mount.type === 'overlay' ? settings.imageLayers[mount.source ?? ''] : undefined;
    const folder = overlayFolder(mount);
    if (lowers === undefined) addMount(plan, mount, folder);
    else {
      const { flags } = mountNumbers(mount.options ?? []);
      addOverlay(plan, { destination: mount.destination, flags, lowers, folder });
    }
  };
  for (const mount of others.filter((mount) => !mount.destination.startsWith('/dev/'))) add(mount);

  plan.add('dev-setup', shmBytes(own), spec.process.terminal === true ? 1 : 0);
  for (const mount of others.filter((mount) => mount.destination.startsWith('/dev/'))) add(mount);
  for (const device of spec.linux.devices ?? []) {
    plan.add('dev-node', device.source ?? device.path, device.path);
  }
  for (const path of spec.linux.maskedPaths ?? []) {
    plan.add('mask', path);
  }
  for (const path of spec.linux.readonlyPaths ?? []) {
    plan.add('readonly-path', path);
  }
}

function addRoot(plan: PlanWriter, spec: RuntimeSpec, settings: SupervisorSettings): void {
  const { root } = settings;
  if (root.kind === 'overlay') {
    plan.add('overlay', root.upper, root.work, ...root.lowers);
    if (root.data !== undefined) {
      plan.add('overlay-data', root.data);
    }
    if (root.fuseOverlayfs !== undefined) plan.add('fuse-overlayfs', root.fuseOverlayfs);
    if (root.isVolatile) plan.add('volatile');
  } else {
    plan.add('rootfs', root.path);
  }
  if (spec.root.readonly === true) {
    plan.add('root-readonly');
  }
}

function isBind(mount: MountSpec): boolean {
  return mount.type === 'bind' || (mount.options ?? []).some((o) => o === 'bind' || o === 'rbind');
}

function addMount(plan: PlanWriter, mount: MountSpec, overlayFolder: string): void {
  if (isBind(mount)) {
    addBind(plan, mount, overlayFolder);
    return;
  }
  const numbers = mountNumbers(mount.options ?? []);
  plan.add(
    'mount',
    mount.type ?? 'none',
    mount.source ?? mount.type ?? 'none',
    mount.destination,
    numbers.flags,
    numbers.data,
  );
}

/**
 * With `U` the source is first given to the container's user; with `O` it is covered by an overlay.
 */
function addBind(
  plan: PlanWriter,
  { source = '', destination, options = [] }: MountSpec,
  overlayFolder: string,
): void {
  const { flags, propagation } = mountNumbers([...options, 'bind']);
  if (options.includes('U')) plan.add('give', source);
  if (options.includes('O')) {
    addOverlay(plan, { destination, flags, lowers: [source], folder: overlayFolder });
    return;
  }
  plan.add('bind', source, destination, flags, propagation, 'any');
}

interface OverlayMount {
  destination: string;
  flags: number;
  lowers: readonly string[];
  /** Where changes go, until the next start. */
  folder: string;
}

function addOverlay(
  plan: PlanWriter,
  { destination, flags, lowers, folder }: OverlayMount,
): void {
  const writable = [`${folder}/upper`, `${folder}/work`];
  plan.add('overlay-bind', folder, destination, flags & ~BIND, ...writable, ...lowers);
}

function shmBytes(own: readonly MountSpec[]): number {
  const shm = own.find((mount) => mount.destination === '/dev/shm');
  const size = shm?.options?.find((option) => option.startsWith('size='))?.slice('size='.length);
  return size === undefined ? DEFAULT_SHM_BYTES : Number.parseInt(size, 10);
}
