/**
 * What this kernel and this machine allow, found by looking and not by version tables. `doctor`
 * and `info` show it; decisions that need certainty try the real thing instead.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { release } from 'node:os';
import { loadSyscalls, succeed } from './syscalls.ts';
import { textIfThere } from './text-if-there.ts';

/** The results of examining the host once. */
export interface HostProbe {
  /** `6.1.0-28-amd64` gives [6, 1]. */
  readonly kernel: readonly [number, number];
  readonly kernelRelease: string;
  /** Null if the kernel has no such setting, which means allowed. */
  readonly unprivilegedUserNamespaces: boolean | null;
  /** How many user namespaces a user may have; some sites forbid them with 0. */
  readonly maxUserNamespaces: number;
  /** True if AppArmor confines unprivileged user namespaces (Ubuntu 23.10 and later). */
  readonly appArmorRestricts: boolean;
  readonly hasOverlay: boolean;
  readonly hasCgroup2: boolean;
}

const CGROUP2_NAME = 'cgroup2';
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x01021994: 'tmpfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x6969: 'nfs',
  0x794c7630: 'overlay',
  0x65735546: 'fuse',
  0x2fc12fc1: 'zfs',
  0xff534d42: 'cifs',
  0xfe534d42: 'smb2',
  0x01021997: '9p',
  0xf2f52010: 'f2fs',
  0x9fa0: 'proc',
  0x62656572: 'sysfs',
  0x63677270: CGROUP2_NAME,
  0x858458f6: 'ramfs',
  0x4d44: 'vfat',
  0x5346414f: 'afs',
  0x0bd00bd0: 'lustre',
  0x47504653: 'gpfs',
  0x00c36400: 'ceph',
  0xca451a4e: 'bcachefs',
};

/** Looks at the host; reads a handful of files under /proc. */
export function probeHost(): HostProbe {
  const kernelRelease = release();
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernelRelease) ?? [];
  const clone = readNumber('/proc/sys/kernel/unprivileged_userns_clone');
  return {
    kernel: [Number(major ?? 0), Number(minor ?? 0)],
    kernelRelease,
    unprivilegedUserNamespaces: clone === undefined ? null : clone !== 0,
    maxUserNamespaces: readNumber('/proc/sys/user/max_user_namespaces') ?? Infinity,
    appArmorRestricts:
      readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1,
    hasOverlay: hasOverlay(kernelRelease),
    hasCgroup2: fileSystemName('/sys/fs/cgroup') === CGROUP2_NAME,
  };
}

/** Built in or loaded, or a module that the first mount loads. */
function hasOverlay(kernelRelease: string): boolean {
  return /\boverlay$/m.test(textIfThere('/proc/filesystems'))
    || existsSync(`/lib/modules/${kernelRelease}/kernel/fs/overlayfs`);
}

/**
 * The usual name of the file system that holds `path` (`ext4`, `tmpfs`, `nfs` …); if it has none,
 * its magic number in hexadecimal; undefined if `path` does not exist.
 */
export function fileSystemName(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const type = succeed(loadSyscalls().fileSystemType(fd), 'look at file system of', path);
    return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`;
  } finally {
    closeSync(fd);
  }
}

function readNumber(path: string): number | undefined {
  const text = textIfThere(path).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
