/** Which mount holds a path, of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

/** One line of mountinfo. */
export interface Mount {
  readonly mountPoint: string;
  /** Per-mount options, e.g. `rw`, `nosuid`, `noexec`. */
  readonly options: readonly string[];
  /** As the kernel names it: `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly fileSystem: string;
}

const MOUNTINFO = '/proc/self/mountinfo';

/** The mount that holds `path`, or the nearest folder above it that is there. */
export function findMount(path: string): Mount | undefined {
  const real = existingPath(path);
  let found: Mount | undefined;
  for (const mount of readMounts()) {
    const isNearer = mount.mountPoint.length >= (found?.mountPoint.length ?? 0);
    // A later line with the same mount point covers an earlier one.
    if (isBelow(real, mount.mountPoint) && isNearer) found = mount;
  }
  return found;
}

/** All mounts of this process's mount namespace, in the kernel's order. */
export function readMounts(): Mount[] {
  return parseMountinfo(readFileSync(MOUNTINFO, 'utf8'));
}

/**
 * True in a container with a masked /proc. Below it the kernel refuses a new procfs, which would
 * show what the masks hide (mount_too_revealing()).
 */
export function isProcMasked(isOnMachine: boolean): boolean {
  const kcore = lstatSync('/proc/kcore', { throwIfNoEntry: false });
  // All engines mask this file first. On a machine itself nobody does, and reading all mounts could
  // take long.
  if (isOnMachine && kcore?.isFile() === true) return false;
  return readMounts().some(({ mountPoint }) =>
    mountPoint.startsWith('/proc/') && !mountPoint.startsWith('/proc/sys/fs/binfmt_misc'));
}

/** The lines of a mountinfo text; others are left out. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after] = line.split(' - ');
    const [, , , , mountPoint, options] = before.split(' ');
    const fileSystem = after?.split(' ')[0];
    if (mountPoint === undefined || options === undefined || fileSystem === undefined) return [];
    return [{ mountPoint: unescaped(mountPoint), options: options.split(','), fileSystem }];
  });
}

/** The nearest path that exists, without links: `path` itself or a folder above. */
function existingPath(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      return realpathSync(at);
    } catch {
      if (at === dirname(at)) return at;
    }
  }
}

function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

/** Blanks, tabs, newlines and backslashes are written in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)));
}
