/**
 * The files that Berth gives a container: hosts, resolv.conf and hostname of /etc,
 * /run/.containerenv, and settings for apt if root is emulated. They are in the container's
 * directory and are bound over the image's files at each start. /etc/mtab is a link.
 */
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { APT_CONFIG_PATH } from '@berth/bundle';
import { SystemError } from '@berth/errors';
import type { RuntimeSpec } from '@berth/oci';
import { GUEST, guestAddresses, hostsFile, resolvConf } from '@berth/network';
import { readBounded } from '@berth/transport';
import { VERSION } from '../system/version.ts';
import type { BerthContainer } from './record.ts';

const FILES = {
  hosts: '/etc/hosts',
  'resolv.conf': '/etc/resolv.conf',
  hostname: '/etc/hostname',
  containerenv: '/run/.containerenv',
  'apt.conf': APT_CONFIG_PATH,
} as const;

const MTAB = '/etc/mtab';

/**
 * apt changes to another user for downloads and checks that by reading the ids back, which fails
 * where only one id is mapped. So it stays root.
 */
const APT_CONFIG = 'APT::Sandbox::User "root";\n';

/** The name of one of these files in the container's directory. */
export type EtcFile = keyof typeof FILES;

/** Texts of the container whose network is joined; undefined where it has no such file. */
export type JoinedFiles = Partial<Record<'hosts' | 'resolv.conf', string | undefined>>;

/**
 * The files to write, by name. Those that the user mounts over or forbids are left out. Names are
 * resolved as in the container whose network is joined, unless flags say otherwise.
 */
export function etcFiles(
  record: BerthContainer,
  spec: RuntimeSpec,
  joined: JoinedFiles = {},
): Partial<Record<EtcFile, string>> {
  const files: Partial<Record<EtcFile, string>> = {};
  for (const name of etcFileNames(record)) {
    files[name] = contentOf(name, { record, spec, joined });
  }
  return files;
}

/** Which of these files the container has. */
export function etcFileNames(record: BerthContainer): EtcFile[] {
  const taken = new Set(record.request.mounts.map(({ target }) => target));
  const { request } = record;
  const names: EtcFile[] = [
    ...(request.dns.includes('none') ? [] : ['resolv.conf' as const]),
    ...(request.noHostname === true ? [] : ['hostname' as const]),
    ...(request.noHosts ? [] : ['hosts' as const]),
    'containerenv',
    ...(record.emulatesRoot === true ? ['apt.conf' as const] : []),
  ];
  return names.filter((name) => !taken.has(FILES[name]));
}

/**
 * Where the image has no /etc/mtab, it is a link, as with other engines: Java and others look there
 * for what is mounted. The folder of a user (--rootfs) is left as it is.
 */
export function etcLinks({ request }: BerthContainer): { path: string; content: string }[] {
  const isUsersFolder = request.rootFolder?.keepsChangesApart === false;
  const isMount = request.mounts.some(({ target }) => target === MTAB);
  return isUsersFolder || isMount ? [] : [{ path: MTAB, content: '/proc/mounts' }];
}

/** The path in the container. */
export function etcTarget(name: EtcFile): string {
  return FILES[name];
}

interface Named {
  record: BerthContainer;
  spec: RuntimeSpec;
  joined: JoinedFiles;
}

function contentOf(name: EtcFile, { record, spec, joined }: Named): string {
  switch (name) {
    case 'hostname':
      return `${hostnameOf(record, spec)}\n`;
    case 'apt.conf':
      return APT_CONFIG;
    case 'containerenv':
      return record.request.privileged ? containerEnv(record) : '';
    case 'hosts':
      return hostsContent({ record, spec, joined });
    case 'resolv.conf':
      return resolvContent(record, joined);
  }
}

function resolvContent(record: BerthContainer, joined: JoinedFiles): string {
  const { dns, dnsSearch, dnsOptions } = record.request;
  const isAsked = [dns, dnsSearch, dnsOptions].some(({ length }) => length > 0);
  if (joined['resolv.conf'] !== undefined && !isAsked) return joined['resolv.conf'];
  return resolvConf({
    host: readText('/etc/resolv.conf'),
    nameservers: dns,
    search: dnsSearch,
    options: dnsOptions,
    forwarder: forwarderOf(record),
  });
}

/**
 * As Podman writes it. Programs find out by this file that they are in a container; only
 * privileged ones are told in which.
 */
function containerEnv({ id, name, imageId, imageName }: BerthContainer): string {
  return `engine="berth-${VERSION}"\nname="${name}"\nid="${id}"\n` +
    `image="${imageName}"\nimageid="${imageId}"\nrootless=1\n`;
}

/** The host name that uname(2) gives in the container, unless it joins another's uts namespace. */
function hostnameOf({ id, request }: BerthContainer, spec: RuntimeSpec): string {
  return spec.hostname ?? (request.uts.kind === 'host' ? hostname() : id.slice(0, 12));
}

function hostsContent({ record, spec, joined }: Named): string {
  const hasOwnNetwork = record.network === 'pasta' || record.network === 'slirp4netns';
  const names = [hostnameOf(record, spec), record.name];
  const { hostsFile: base } = record.request;
  const own = hostsFile({
    addHosts: record.request.addHosts,
    names: [...new Set(names)],
    address: hasOwnNetwork ? guestAddresses(record.request.network.options).address : undefined,
    hostAddress: hasOwnNetwork
      ? hostAddress()
      : record.network === 'host'
        ? '127.0.0.1'
        : undefined,
    hostFile: base === undefined ? readText('/etc/hosts') : '',
    sharesLoopback: record.network === 'host',
    joined: joined.hosts,
  });
  return base === undefined ? own : `${requireText(base)}${own}`;
}

/** The text, which is empty or ends in a newline. */
function requireText(path: string): string {
  try {
    return readBounded(path).replace(/([^\n])\n*$/, '$1\n');
  } catch (cause) {
    throw new SystemError('READ_FILE', `read hosts file "${path}"`, { cause });
  }
}

function forwarderOf(record: BerthContainer): string | undefined {
  if (record.network === 'pasta') {
    return GUEST.pastaNameserver;
  }
  if (record.network !== 'slirp4netns') return undefined;
  return guestAddresses(record.request.network.options).slirpNameserver;
}

/** The host's first address that is not loopback; containers reach the host by it. */
export function hostAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
