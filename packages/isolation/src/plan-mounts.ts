/** The root file system and mount records of a plan, in the runtime spec's order. */
import type { MountSpec, RuntimeSpec } from '@berth/oci';
import type { SupervisorSettings } from './plan-settings.ts';
import { mountNumbers } from './mount-options.ts';
import type { PlanWriter } from './plan-writer.ts';

/** What dev-setup makes itself: the private /dev and what lies in it. */
const OWN_TARGETS = new Set(['/dev', '/dev/pts', '/dev/shm', '/dev/mqueue']);
const DEFAULT_SHM_BYTES = 65_536_000;

/** Appends the root, every mount, devices, masks and read-only paths. */
export function addMounts(
  plan: PlanWriter,
  spec: RuntimeSpec,
  settings: SupervisorSettings,
): void {
  addRoot(plan, spec, settings);
  for (const { file, id, line } of settings.accounts ?? []) {
    plan.add('account', file, id, line);
  }
  for (const { target, data } of settings.copyUps) {
    plan.add('copy-up', target, data);
  }
  const own = spec.mounts.filter((mount) => OWN_TARGETS.has(mount.destination) && !isBind(mount));
  const others = spec.mounts.filter((mount) => !own.includes(mount));
  for (const mount of others.filter((mount) => !mount.destination.startsWith('/dev/'))) {
    addMount(plan, mount);
  }
  plan.add('dev-setup', shmBytes(own), spec.process.terminal === true ? 1 : 0);
  for (const mount of others.filter((mount) => mount.destination.startsWith('/dev/'))) {
    addMount(plan, mount);
  }
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

function addMount(plan: PlanWriter, mount: MountSpec): void {
  const numbers = mountNumbers(mount.options ?? []);
  if (isBind(mount)) {
    const flags = numbers.flags | mountNumbers(['bind']).flags;
    plan.add('bind', mount.source ?? '', mount.destination, flags, numbers.propagation, 'any');
    return;
  }
  plan.add(
    'mount',
    mount.type ?? 'none',
    mount.source ?? mount.type ?? 'none',
    mount.destination,
    numbers.flags,
    numbers.data,
  );
}

function shmBytes(own: readonly MountSpec[]): number {
  const shm = own.find((mount) => mount.destination === '/dev/shm');
  const size = shm?.options?.find((option) => option.startsWith('size='))?.slice('size='.length);
  return size === undefined ? DEFAULT_SHM_BYTES : Number.parseInt(size, 10);
}
