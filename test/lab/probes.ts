/**
 * Asks the machine once what tests may need of it. A test that can't run here is skipped with the
 * name of what is missing: `test(title, { skip: missing.pasta }, ...)`.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';

/** Where tools/test.sh had the images of the lab made. */
export const LAB_CACHE = process.env['BERTH_LAB_CACHE'] ?? '/var/cache/berth-lab';

/** For each need: false when it is met, else the reason for a skip. */
export const missing = {
  /** User namespaces for plain users. */
  userNamespaces: unlessRuns('user namespaces', ['unshare', '--user', '--map-root-user', 'true']),
  /** Subordinate ids and newuidmap. */
  subordinateIds:
    unlessRuns('subordinate ids', ['unshare', '--map-root-user', '--map-auto', 'true']),
  tun: unlessUsable('/dev/net/tun'),
  /** A FUSE file system that a plain user can mount. */
  fuse: unlessUsable('/dev/fuse') || unlessFound('bindfs') || unlessFound('fusermount3'),
  /** A program that serves overlays where the kernel refuses them. */
  fuseOverlayfs: unlessUsable('/dev/fuse') || unlessFound('fuse-overlayfs'),
  pasta: unlessFound('pasta'),
  slirp4netns: unlessFound('slirp4netns'),
  skopeo: unlessFound('skopeo'),
  dockerRegistry: unlessFound('docker-registry'),
  podman: unlessFound('podman'),
  busybox: existsSync('/bin/busybox') ? false as const : '/bin/busybox is missing',
  /** The second user of the lab answers. */
  secondUser: process.env['BERTH_TEST_SECOND'] === undefined
    ? 'there is no second user here' : false as const,
  /** A file system of a few megabytes that the user may fill. */
  smallDisk: process.env['BERTH_TEST_SMALL_DISK'] === undefined
    ? 'there is no small disk here' : false as const,
  /** A user's systemd that makes scopes. */
  systemd: existsSync(path.join(process.env['XDG_RUNTIME_DIR'] ?? '/nowhere', 'systemd/private'))
    ? false as const : 'there is no systemd of this user',
  plainUser: userInfo().uid === 0 ? 'the tests run as root' : false as const,
};

/** False when the cgroup controllers are delegated to this user, else the reason for a skip. */
export function missingControllers(...names: string[]): string | false {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
  const file = path.join('/sys/fs/cgroup', own, 'cgroup.controllers');
  const given = existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : [];
  const lacking = names.filter((name) => !given.includes(name));
  return lacking.length > 0 && `cgroup controllers ${lacking.join(', ')} are not delegated here`;
}

/** False when the lab has an image of that name (see test/lab/make-images), else the reason. */
export function missingLabImage(name: string): string | false {
  return existsSync(labImage(name)) ? false : `the lab has no image "${name}"`;
}

/** The path of an image of the lab: an OCI archive. */
export function labImage(name: string): string {
  return path.join(LAB_CACHE, 'images', `${name}.tar`);
}

function unlessFound(program: string): string | false {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => isUsable(path.join(folder, program), constants.X_OK))
    ? false : `${program} is not installed`;
}

function unlessUsable(device: string): string | false {
  return isUsable(device, constants.R_OK | constants.W_OK) ? false : `${device} can't be opened`;
}

function isUsable(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

function unlessRuns(what: string, [command = '', ...args]: string[]): string | false {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return false;
  } catch {
    return `${what}: "${[command, ...args].join(' ')}" fails here`;
  }
}
