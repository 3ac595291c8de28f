/** The mounts of a container: the kernel's file systems, then what the user asked for. */
import type { MountSpec } from '@berth/oci';
import type { HostFacts, VolumeSource } from './host-facts.ts';
import { bindOptions, tmpfsOptions } from './mount-options.ts';
import { mountTarget, refuseDuplicates } from './mount-targets.ts';
import type { ContainerRequest, MountRequest } from './request.ts';

const DEFAULT_SHM_BYTES = 65_536_000;
const UNLIMITED_BYTES = 2 ** 50;
const READ_ONLY_TMPFS = ['/tmp', '/run', '/var/tmp'];

/** The mounts in the order in which they are made: a parent before what lies below it. */
export function mountSpecs(request: ContainerRequest, host: HostFacts): MountSpec[] {
  const asked = request.mounts.map((mount) => mountSpec(mount, host));
  refuseDuplicates(asked.map(({ destination }) => destination));
  const taken = new Set(asked.map(({ destination }) => destination));
  const base = [...kernelMounts(request), ...readOnlyMounts(request), ...timezoneMount(host)];
  const sorted = asked.sort((a, b) => depth(a.destination) - depth(b.destination));
  return [...base.filter(({ destination }) => !taken.has(destination)), ...sorted];
}

function depth(path: string): number {
  return path.split('/').length;
}

function kernelMounts(request: ContainerRequest): MountSpec[] {
  const access = request.privileged ? 'rw' : 'ro';
  const hostIpc = request.ipc.kind === 'host' || request.ipc.kind === 'container';
  return [
    {
      destination: '/proc',
      type: 'proc',
      source: 'proc',
      options: ['nosuid', 'noexec', 'nodev', ...request.security.procOptions ?? []],
    },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec'] },
    sharedMemory(request),
    ...(hostIpc
      ? []
      : [
          {
            destination: '/dev/mqueue',
            type: 'mqueue',
            source: 'mqueue',
            options: ['nosuid', 'noexec', 'nodev'],
          },
        ]),
    {
      destination: '/sys',
      type: 'sysfs',
      source: 'sysfs',
      options: ['nosuid', 'noexec', 'nodev', access],
    },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup2',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', access],
    },
  ];
}

function sharedMemory(request: ContainerRequest): MountSpec {
  if (request.ipc.kind === 'host') {
    return {
      destination: '/dev/shm',
      type: 'bind',
      source: '/dev/shm',
      options: ['rbind', 'rw', 'nosuid', 'nodev'],
    };
  }
  // In a request 0 means no limit, as in tmpfs(5); in the plan 0 means no /dev/shm.
  const asked = request.shmSizeBytes ?? DEFAULT_SHM_BYTES;
  const size = asked === 0 ? UNLIMITED_BYTES : asked;
  const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${size}`];
  return { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options };
}

/** With a read-only root, the places to which every program expects to write stay writable. */
function readOnlyMounts(request: ContainerRequest): MountSpec[] {
  if (!request.readOnly || !request.readOnlyTmpfs) {
    return [];
  }
  return READ_ONLY_TMPFS.map((destination) => tmpfs(destination, ['mode=1777']));
}

function timezoneMount({ timezoneFile }: HostFacts): MountSpec[] {
  return timezoneFile === undefined
    ? []
    : [
        {
          destination: '/etc/localtime',
          type: 'bind',
          source: timezoneFile,
          options: ['bind', 'ro', 'rprivate'],
        },
      ];
}

function tmpfs(destination: string, options: readonly string[]): MountSpec {
  return {
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: tmpfsOptions(options, destination),
  };
}

function mountSpec(mount: MountRequest, host: HostFacts): MountSpec {
  const destination = mountTarget(mount.target);
  if (mount.type === 'tmpfs') {
    return tmpfs(destination, [...everyonesMode(mount.options), ...mount.options]);
  }
  if (mount.type === 'image') {
    const options = [mount.options.includes('rw') ? 'rw' : 'ro'];
    return { destination, type: 'overlay', source: mount.imageId ?? '', options };
  }
  if (mount.type === 'bind') {
    return {
      destination,
      type: 'bind',
      source: mount.source,
      options: bindOptions(mount.options, destination),
    };
  }
  return volumeMount(host.volume(mount.name ?? ''), destination, mount.options);
}

/** Every user may write there, as in Podman and Docker, whatever mode the image's folder has. */
function everyonesMode(options: readonly string[]): string[] {
  return options.some((option) => /^(mode|uid|gid)=/.test(option)) ? [] : ['mode=1777'];
}

/** The mount of a volume; one that was made read-only is always mounted read-only. */
function volumeMount(
  volume: VolumeSource,
  destination: string,
  options: readonly string[],
): MountSpec {
  const all = ['nosuid', 'nodev', ...options, ...volume.options];
  if (volume.type === 'tmpfs') return tmpfs(destination, all.filter((option) => option !== 'U'));
  return {
    destination, type: 'bind', source: volume.path, options: bindOptions(all, destination),
  };
}
