/**
 * The facts by which a run was decided, besides its words: files, variables, namespaces and
 * addresses of this machine. As long as all of them are true, the same words lead to the same
 * decisions.
 */
import { readFileSync, statSync, type BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';
import { CGROUP_ROOT, nativeHelper, ownCgroup, type Fact } from '@berth/isolation';
import { hasRoute4 } from '@berth/network';
import { CONTAINERS_CONFIG_VARIABLES, containersConfigPaths } from '@berth/transport';
import type { Engine } from '../engine.ts';
import { embeddedReference } from '../images/embedded-name.ts';
import { HOST_PROGRAMS } from '../images/host-image.ts';
import { hostAddress } from './etc-files.ts';
import type { BerthContainer } from './record.ts';

/**
 * Environment variables that influence which folders and programs are used, and how containers are
 * made.
 */
const VARIABLES = [
  'HOME', 'LISTEN_PID', 'NOTIFY_SOCKET', 'PATH', 'SYSTEMD_EXEC_PID',
  'XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR',
  ...['http', 'https', 'ftp', 'no', 'all'].flatMap((kind) => {
    const name = `${kind}_proxy`;
    return [name, name.toUpperCase()];
  }),
];
const NAMESPACES = ['cgroup', 'mnt', 'net', 'pid', 'user'];
/**
 * How long a file must have been unchanged before a run is kept. The clock of file systems advances
 * in steps of up to 10 ms, and some count whole seconds only: a second change within one step can't
 * be seen.
 */
const SETTLED_MS = 100;
const SETTLED_WHOLE_MS = 2_100;
const SECOND_NS = 1_000_000_000n;
const MAX_TEXT = 16 * 1024;

/** A fact that can't be relied on, so the run is not kept. */
class Unsettled extends Error {}

/** Circumstances of a run on which the facts depend. */
export interface RunCircumstances {
  /** The container has a terminal, so the caller's standard input is a terminal too. */
  tty: boolean;
  /** The path of the program that connects the container to the network. */
  networkHelper: string | undefined;
}

/** The facts, or undefined where one of them is still changing or can't be found out. */
export function runFacts(
  engine: Engine,
  record: BerthContainer,
  { tty, networkHelper }: RunCircumstances,
): Fact[] | undefined {
  try {
    return [
      ...[...VARIABLES, ...CONTAINERS_CONFIG_VARIABLES].map(variable),
      ...NAMESPACES.map((name) => inode(`/proc/self/ns/${name}`)),
      { kind: 'gid', object: '', value: String(engine.account.gid) },
      ...['/proc/sys/kernel/hostname', '/proc/sys/kernel/random/boot_id'].map(text),
      ...[...filesOf(engine, record), ...containersConfigPaths()].map(file),
      ...cgroupFacts(engine),
      ...bindFacts(record),
      ...(networkHelper === undefined ? [] : helperFacts(networkHelper)),
      ...(tty ? [{ kind: 'terminal' as const, object: '0', value: '' }] : []),
    ];
  } catch (error) {
    if (error instanceof Unsettled) return undefined;
    throw error;
  }
}

function filesOf({ store, idMaps }: Engine, { imageId }: BerthContainer): string[] {
  const { helpers } = idMaps;
  return [
    process.execPath, nativeHelper(), store.layout.driver, store.layout.imageNames,
    join(store.layout.images, imageId, 'record.json'),
    '/etc/hosts', '/etc/machine-id', '/etc/passwd', '/etc/resolv.conf', '/etc/subgid',
    '/etc/subuid',
    ...(helpers === undefined
      ? ['/usr/bin/newuidmap', '/usr/bin/newgidmap'] : [helpers.newuidmap, helpers.newgidmap]),
  ];
}

/** Whether systemd is asked for a cgroup; if not, which folders may hold it. */
function cgroupFacts({ runtimeDirectory }: Engine): Fact[] {
  const systemd = runtimeDirectory === undefined
    ? [] : [join(runtimeDirectory, 'bus'), '/run/systemd/system'].map(kindOf);
  if (systemd.length > 0 && systemd.every(({ value }) => value !== '-')) return systemd;
  const own = ownCgroup();
  const folders = own === undefined ? [] : [own, dirname(own)];
  const files = folders.flatMap((folder) => [folder, join(folder, 'cgroup.procs')]);
  const controls = folders.map((folder) => join(folder, 'cgroup.subtree_control'));
  return [
    ...systemd, ...[join(CGROUP_ROOT, 'cgroup.controllers'), ...files].map(kindOf),
    ...['/proc/self/cgroup', ...controls].map(text),
  ];
}

function bindFacts({ request, imageName }: BerthContainer): Fact[] {
  const sources = request.mounts.flatMap((mount) => (mount.type === 'bind' ? [mount.source] : []));
  const isHost = imageName === embeddedReference('host');
  return [...sources, ...(isHost ? HOST_PROGRAMS : [])].map(kindOf);
}

/**
 * The facts of the network helper: the program works, it is the first of its name in PATH, and the
 * address of the machine that the container is told has not changed.
 */
function helperFacts(program: string): Fact[] {
  const name = program.slice(program.lastIndexOf('/') + 1);
  const route = text('/proc/net/route');
  const address = hostAddress();
  if (!hasRoute4(route.value) || address === undefined) throw new Unsettled();
  const places = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, name));
  if (!places.every((place) => place.startsWith('/'))) throw new Unsettled();
  const before = places.slice(0, places.indexOf(program));
  return [
    file(program), file('/dev/net/tun'), route,
    { kind: 'address', object: '', value: address }, ...before.map(kindOf),
  ];
}

/** A proxy's address may contain a password, which must not be kept in a file. */
function variable(name: string): Fact {
  const value = process.env[name];
  // A service manager is told of each start through the socket at NOTIFY_SOCKET (see
  // service-unit.ts), and the sockets that it gave to the process of LISTEN_PID are passed on.
  const isUnit = name === 'NOTIFY_SOCKET' || name === 'LISTEN_PID';
  if (isUnit && value !== undefined) throw new Unsettled();
  if (/_proxy$/i.test(name) && value?.includes('@') === true) throw new Unsettled();
  return value === undefined
    ? { kind: 'no-env', object: name, value: '' } : { kind: 'env', object: name, value };
}

function inode(path: string): Fact {
  return { kind: 'inode', object: path, value: String(statSync(path).ino) };
}

/** The whole text of a small file. */
function text(path: string): Fact {
  const value = attempt(() => readFileSync(path, 'latin1')) ?? '';
  if (value.length > MAX_TEXT || /[\0\x80-\xff]/.test(value)) throw new Unsettled();
  return { kind: 'text', object: path, value };
}

/**
 * The file has not changed: its inode number, size and ctime (which no program can set) are the
 * same.
 */
function file(path: string): Fact {
  const status = attempt(() => statSync(path, { bigint: true }));
  if (status !== undefined) requireSettled(status);
  const value = status === undefined
    ? '-' : `${status.ino} ${status.size} ${status.ctimeNs}`;
  return { kind: 'file', object: path, value };
}

function requireSettled({ ctimeMs, ctimeNs }: BigIntStats): void {
  const beganMs = Date.now() - process.uptime() * 1000;
  const settledMs = ctimeNs % SECOND_NS === 0n ? SETTLED_WHOLE_MS : SETTLED_MS;
  if (Number(ctimeMs) > beganMs - settledMs) throw new Unsettled();
}

/** The path exists, and is of the same file type. */
function kindOf(path: string): Fact {
  const status = attempt(() => statSync(path));
  const value = status === undefined ? '-' : String(status.mode >> KIND_SHIFT);
  return { kind: 'kind', object: path, value };
}

/** The file type in a mode: the bits above the twelve permission bits, inode(7). */
const KIND_SHIFT = 12;

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
