/** The devices that a request asks for, one by one, as they are on this machine. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRequest, DeviceFact, DeviceRequest, HostFacts } from '@berth/bundle';
import { NotFoundError, UsageError } from '@berth/errors';

/** Devices that every container has of its own, and those of the caller's terminals. */
const OWN = /^\/dev\/(null|zero|full|random|urandom|console|ptmx|tty.*|pts|shm|mqueue|fd)$/;
const MAX_DEPTH = 4;

/** Numbers of the disks that limits name. Throws when one is missing or is no block device. */
export function limitedDevices({ resources }: ContainerRequest): HostFacts['blockDevices'] {
  return new Map((resources.blockLimits ?? []).map(({ device }) => {
    const status = statSync(device, { throwIfNoEntry: false });
    if (status === undefined) {
      throw new NotFoundError('NO_SUCH_DEVICE', `limit the device "${device}": no such file`);
    }
    if (!status.isBlockDevice()) {
      throw new UsageError('NOT_A_DISK', `limit the device "${device}": not a block device`, {
        hint: 'lsblk -p lists them',
      });
    }
    return [device, deviceNumbers(status.rdev)];
  }));
}

/** The parts of a device number, as makedev(3) combines them. */
function deviceNumbers(rdev: number): { major: number; minor: number } {
  const bits = BigInt(rdev);
  return {
    major: Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n)),
    minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)),
  };
}

/**
 * The devices to pass on. A folder stands for all devices in it; --privileged for all of the
 * machine. Throws when a device that was named is missing or is no device.
 */
export function requestedDevices(request: ContainerRequest): DeviceFact[] {
  const asked = request.devices.flatMap(devicesOf);
  if (!request.privileged) return asked;
  const targets = new Set(asked.map(({ target }) => target));
  const all = { source: '/dev', target: '/dev', permissions: 'rwm' };
  return [...asked, ...devicesIn(all, 0).filter(({ target }) => !targets.has(target))];
}

function devicesOf(device: DeviceRequest): DeviceFact[] {
  const { source } = device;
  const status = statSync(source, { throwIfNoEntry: false });
  if (status === undefined) {
    throw new NotFoundError('NO_SUCH_DEVICE', `give the device "${source}": no such file`);
  }
  if (status.isCharacterDevice()) return [{ ...device, type: 'c' }];
  if (status.isBlockDevice()) return [{ ...device, type: 'b' }];
  const found = status.isDirectory() ? devicesIn(device, 0) : [];
  if (found.length === 0) {
    throw new UsageError('NOT_A_DEVICE', `give the device "${source}": not a device`);
  }
  return found;
}

/**
 * All devices below a folder, as far as it can be read. Links are left out, because the devices
 * that they point to are found too.
 */
function devicesIn(folder: DeviceRequest, depth: number): DeviceFact[] {
  if (depth === MAX_DEPTH) return [];
  return entriesOf(folder.source).flatMap((entry) => {
    const device = {
      source: join(folder.source, entry.name),
      target: join(folder.target, entry.name),
      permissions: folder.permissions,
    };
    if (OWN.test(device.source)) return [];
    if (entry.isCharacterDevice()) return [{ ...device, type: 'c' as const }];
    if (entry.isBlockDevice()) return [{ ...device, type: 'b' as const }];
    return entry.isDirectory() ? devicesIn(device, depth + 1) : [];
  });
}

function entriesOf(folder: string): ReturnType<typeof readEntries> {
  try {
    return readEntries(folder);
  } catch {
    return [];
  }
}

function readEntries(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}
