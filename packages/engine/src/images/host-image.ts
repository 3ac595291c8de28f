/**
 * The `host` image: the machine's own programs, with nothing to download. Its layer is a skeleton
 * of folders, links and synthetic account files; the host's programs are bound over it read-only
 * when a container is made, since they belong to this machine and not to the image.
 */
import { lstatSync, readlinkSync } from 'node:fs';
import type { MountRequest } from '@berth/bundle';
import type { TarEntry } from './tar-writer.ts';

/** Folders of the host that are bound read-only, where the host has them as folders. */
const PROGRAM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/opt'];

/** The files of the host's /etc that programs need to start and to check certificates. */
const PROGRAM_SETTINGS = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/ssl',
  '/etc/pki',
  '/etc/ca-certificates',
  '/etc/ca-certificates.conf',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/services',
  '/etc/protocols',
  '/etc/terminfo',
];

/** All paths of the machine that the image shows, where they exist. */
export const HOST_PROGRAMS: readonly string[] = [...PROGRAM_FOLDERS, ...PROGRAM_SETTINGS];

const PLAIN_FOLDERS = [
  'dev',
  'etc',
  'home',
  'mnt',
  'proc',
  'run',
  'srv',
  'sys',
  'var',
  'var/lib',
  'var/cache',
  'var/log',
  'var/spool',
];

const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
  'user:x:1000:1000:user:/home/user:/bin/sh',
  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
];
const GROUP = ['root:x:0:', 'daemon:x:1:', 'tty:x:5:', 'user:x:1000:', 'nogroup:x:65534:'];
const NSSWITCH = [
  'passwd: files',
  'group: files',
  'shadow: files',
  'hosts: files dns',
  'services: files',
];

/** The entries of the skeleton. Links such as /bin -> usr/bin are made as they are on this host. */
export function hostSkeleton(): TarEntry[] {
  const entries: TarEntry[] = [directory('', 0o755)];
  entries.push(...PLAIN_FOLDERS.map((path) => directory(path, 0o755)));
  entries.push(directory('root', 0o700), directory('home/user', 0o755));
  entries.push(directory('tmp', 0o1777), directory('var/tmp', 0o1777));
  for (const path of PROGRAM_FOLDERS) {
    const link = linkTarget(path);
    if (link !== undefined) {
      entries.push({ path: path.slice(1), type: 'symlink', mode: 0o777, linkTarget: link });
    }
  }
  entries.push(
    text('etc/passwd', PASSWD),
    text('etc/group', GROUP),
    text('etc/nsswitch.conf', NSSWITCH),
  );
  return entries;
}

/** The mounts that put the host's programs in place. */
export function hostMounts(): MountRequest[] {
  const folders = PROGRAM_FOLDERS.filter((path) => linkTarget(path) === undefined);
  return [...folders, ...PROGRAM_SETTINGS].filter(exists).map((path) => ({
    type: 'bind',
    source: path,
    target: path,
    options: ['ro', 'rbind', 'nosuid', 'nodev'],
    createSource: false,
  }));
}

function directory(path: string, mode: number): TarEntry {
  return { path: `./${path}`, type: 'directory', mode };
}

function text(path: string, lines: readonly string[]): TarEntry {
  return { path, type: 'file', mode: 0o644, content: Buffer.from(`${lines.join('\n')}\n`) };
}

function linkTarget(path: string): string | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status?.isSymbolicLink() === true ? readlinkSync(path).replace(/^\//, '') : undefined;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
