/** `info`: this machine and this store, in Podman's shape with keys of our own. */
import { arch, availableParallelism, freemem, hostname, release, totalmem, uptime } from 'node:os';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { UnsupportedError } from '@berth/errors';
import { fileSystemName, findProgram } from '@berth/host';
import { capabilities } from '@berth/bundle';
import { cgroupSettings, nativeHelper } from '@berth/isolation';
import { chooseNetwork } from '@berth/network';
import type { DriverRecord } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { withHidden } from '../hidden-fields.ts';
import { versionInfo } from './version.ts';

/** The description. Nothing is changed; what can't be found out is left empty. */
export async function systemInfo(engine: Engine): Promise<Record<string, unknown>> {
  return {
    host: hostInfo(engine),
    store: storeInfo(engine),
    registries: {},
    plugins: { volume: ['local'], network: null, log: LOG_DRIVERS, authorization: null },
    version: versionInfo()['Client'],
  };
}

const LOG_DRIVERS = ['k8s-file', 'json-file', 'none', 'passthrough'];

function hostInfo(engine: Engine): Record<string, unknown> {
  const { uids, gids, tier } = idMapsOf(engine);
  const extents = (maps: typeof uids) =>
    maps.map(({ inside, outside, count }) => ({
      container_id: inside,
      host_id: outside,
      size: count,
    }));
  const network = networkHelper();
  const info = {
    arch: arch() === 'x64' ? 'amd64' : arch(),
    cpus: availableParallelism(),
    hostname: hostname(),
    kernel: release(),
    os: 'linux',
    memTotal: totalmem(),
    memFree: freemem(),
    swapTotal: kibibytesOf('SwapTotal') * 1024,
    swapFree: kibibytesOf('SwapFree') * 1024,
    uptime: spanText(uptime()),
    distribution: distribution(),
    cgroupManager: cgroupManager(engine),
    cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : 'v1',
    idMappings: { uidmap: extents(uids), gidmap: extents(gids) },
    processMap: tier,
    networkHelper: network,
    networkBackend: network,
    logDriver: 'k8s-file',
    eventLogger: 'none',
    ociRuntime: { name: 'berth-native', path: nativeHelper() },
    remoteSocket: { exists: false, path: '' },
    serviceIsRemote: false,
    pasta: { executable: programPath('pasta') },
    slirp4netns: { executable: programPath('slirp4netns') },
    security: {
      apparmorEnabled: false,
      capabilities: capabilities({ capAdd: [], capDrop: [], privileged: false }).join(','),
      rootless: engine.account.uid !== engine.namespace.hostRoot,
      seccompEnabled: true,
      selinuxEnabled: false,
    },
  };
  // Go's field names, where they differ from the json names.
  withHidden(info.security, { DefaultCapabilities: info.security.capabilities });
  return withHidden(info, { CgroupsVersion: info.cgroupVersion });
}

/** Root may have no ids; the command shows its facts all the same. */
function idMapsOf(engine: Engine): Pick<Engine['idMaps'], 'uids' | 'gids'> & { tier: string } {
  try {
    return engine.idMaps;
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return { uids: [], gids: [], tier: 'none: root has no ids for containers' };
  }
}

/** A line of /proc/meminfo (proc_meminfo(5)); 0 where there is none. */
function kibibytesOf(name: string): number {
  try {
    const text = readFileSync('/proc/meminfo', 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** `1h 2m 3s`, with days where there are any. */
function spanText(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const rest = `${hours}h ${Math.floor((seconds % 3600) / 60)}m ${Math.floor(seconds % 60)}s`;
  return days > 0 ? `${days} days, ${rest}` : rest;
}

function storeInfo(engine: Engine): Record<string, unknown> {
  const { store, directories } = engine;
  const driver = driverOf(engine);
  const containers = store.containers.list();
  const count = (wanted: string): number =>
    containers.filter(({ state }) => state.state === wanted).length;
  const [running, paused] = [count('running'), count('paused')];
  return {
    graphRoot: store.layout.data,
    runRoot: directories.run,
    volumePath: store.layout.volumes,
    configFile: '',
    graphDriverName: driver.driver,
    graphOptions: {},
    graphStatus: {
      'Backing Filesystem': backing(store.layout.data),
      ...(driver.reason === undefined ? {} : { 'Not overlay': driver.reason }),
    },
    owners: driver.owners,
    imageStore: { number: store.images.ids().length },
    containerStore: {
      number: containers.length,
      running,
      paused,
      stopped: containers.length - running - paused,
    },
    ...diskInfo(store.layout.data),
  };
}

/** Root without ids for containers has no store. */
function driverOf(engine: Engine): Pick<DriverRecord, 'driver' | 'owners' | 'reason'> {
  if (engine.account.uid !== 0) return engine.driver;
  return engine.store.driver.read() ?? { driver: 'overlay', owners: 'native' };
}

function backing(path: string): string {
  return existsSync(path) ? (fileSystemName(path) ?? 'unknown') : 'unknown';
}

function diskInfo(path: string): Record<string, number> {
  if (!existsSync(path)) {
    return {};
  }
  const { blocks, bfree, bsize } = statfsSync(path);
  return { graphRootAllocated: blocks * bsize, graphRootUsed: (blocks - bfree) * bsize };
}

function distribution(): Record<string, string> {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    const value = (key: string): string =>
      new RegExp(`^${key}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? '';
    return { distribution: value('ID'), version: value('VERSION_ID') };
  } catch {
    return {};
  }
}

function cgroupManager(engine: Engine): string {
  const settings = cgroupSettings({
    id: '0'.repeat(64),
    runNumber: 0,
    limits: { memoryBytes: 1 },
    explicit: true,
    runtimeDirectory: engine.runtimeDirectory,
    uid: engine.account.uid,
    forRoot: engine.forRoot,
    mode: 'enabled',
  });
  return settings.kind === 'none'
    ? `none (${settings.reason ?? 'not limited'})`
    : settings.kind === 'scope'
      ? 'systemd'
      : 'cgroupfs';
}

/** Empty when the program is not installed. */
function programPath(name: string): string {
  return findProgram(name) ?? '';
}

function networkHelper(): string {
  const { kind } = chooseNetwork({
    kind: 'default',
    options: [],
    ports: [],
    path: process.env['PATH'] ?? '',
  });
  return kind;
}
