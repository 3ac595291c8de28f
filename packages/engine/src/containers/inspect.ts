/** `inspect` of a container, in Podman's shape: all of it from the record and the machine. */
import { readFileSync } from 'node:fs';
import { guestAddresses, type GuestAddresses } from '@berth/network';
import type { RuntimeSpec } from '@berth/oci';
import type { ContainerEntry } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { withHidden } from '../hidden-fields.ts';
import { nilIfEmpty, nilList, nilMap } from '../nil.ts';
import { lastDigest } from '../images/list.ts';
import { findLocal } from '../images/local.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import { momentOf, momentOfMs } from '../moment.ts';
import { configSection, hostConfigSection } from './inspect-config.ts';
import { logHere, specHere } from './moved-store.ts';
import type { BerthContainer } from './record.ts';
import { readSpec } from './start.ts';

/** All details of the container. Throws NotFoundError. */
export async function inspectContainer(
  engine: Engine,
  name: string,
  { size }: { size: boolean },
): Promise<Record<string, unknown>> {
  const { containers } = engine.store;
  const id = containers.resolve(name);
  const kept = containers.record<BerthContainer>(id);
  const record = { ...kept, log: logHere(engine, kept) };
  const spec = specHere(engine, kept, readSpec(containers.paths(id).spec));
  const entry = containers.entry(id);
  const sizes = size ? (await import('./size.ts')).measureContainer(engine, id) : undefined;
  const description = {
    Id: id,
    Created: momentOfMs(record.createdAtMs),
    Path: spec.process.args[0] ?? '',
    Args: spec.process.args.slice(1),
    State: stateSection(engine, entry),
    ...imageSection(engine, record),
    ...filesSection(engine, record),
    OCIRuntime: 'berth-native',
    Name: entry.name,
    RestartCount: 0,
    Driver: record.driver ?? 'overlay',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    EffectiveCaps: nilIfEmpty(spec.process.capabilities?.effective ?? []),
    BoundingCaps: nilIfEmpty(spec.process.capabilities?.bounding ?? []),
    ExecIDs: [],
    GraphDriver: graphDriver(engine, record),
    ...(sizes === undefined ? {} : { SizeRw: sizes.sizeRw, SizeRootFs: sizes.sizeRootFs }),
    Mounts: mountsSection(engine, record, spec),
    Dependencies: [...new Set(Object.values(record.joins))],
    NetworkSettings: networkSection(record, entry),
    Namespace: '',
    IsInfra: false,
    IsService: false,
    UseImageHosts: record.request.noHosts,
    UseImageHostname: record.request.noHostname === true,
    Config: configSection(record, spec, imageEntrypoint(engine, record)),
    HostConfig: hostConfigSection(record, spec, publishedPorts(record)),
  };
  return withHidden(description, { SizeRw: null, SizeRootFs: null });
}

function imageSection(engine: Engine, { imageId, imageName, request }: BerthContainer) {
  const { rootFolder } = request;
  if (rootFolder !== undefined) {
    return { Image: '', ImageDigest: '', ImageName: '', Rootfs: rootFolder.path, Pod: '' };
  }
  return {
    Image: imageId,
    ImageDigest: lastDigest(engine.store.images.origins(imageId)),
    ImageName: imageName,
    Rootfs: '',
    Pod: '',
  };
}

function imageEntrypoint(engine: Engine, { imageId }: BerthContainer): readonly string[] {
  return imageId === '' ? [] : findLocal(engine, imageId)?.config.entrypoint ?? [];
}

function filesSection(engine: Engine, { id, request }: BerthContainer): Record<string, string> {
  const paths = engine.store.containers.paths(id);
  return {
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    StaticDir: paths.directory,
    OCIConfigPath: paths.spec,
    ConmonPidFile: request.supervisorPidFile ?? '',
    PidFile: request.pidFile ?? '',
  };
}

function stateSection(
  engine: Engine,
  { id, state, summary }: ContainerEntry,
): Record<string, unknown> {
  const isRunning = state.state === 'running';
  const health = { Status: '', FailingStreak: 0, Log: nilList() };
  const section = {
    OciVersion: '1.1.0',
    Status: state.state === 'unknown' ? 'exited' : state.state,
    Running: isRunning,
    Paused: state.state === 'paused',
    Restarting: false,
    OOMKilled: state.oomKilled,
    Dead: false,
    Pid: state.pid,
    ConmonPid: isRunning ? (summary.supervisor?.pid ?? 0) : 0,
    ExitCode: state.exitCode ?? 0,
    Error: engine.store.containers.exit(id, summary.run)?.error ?? '',
    StartedAt: momentOf(state.started),
    FinishedAt: momentOf(state.finished),
    Health: health,
    CgroupPath: isRunning ? cgroupPath(state.pid) : '',
    CheckpointedAt: momentOf(undefined),
    RestoredAt: momentOf(undefined),
  };
  return withHidden(section, { Healthcheck: health });
}

/** The line of cgroup v2 in /proc/PID/cgroup (cgroups(7)); empty when the process has ended. */
function cgroupPath(pid: number): string {
  try {
    return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

function graphDriver(engine: Engine, record: BerthContainer): Record<string, unknown> {
  const { containers, layers } = engine.store;
  const paths = containers.paths(record.id);
  if (record.driver === 'copy') return { Name: 'copy', Data: { RootDir: paths.root } };
  const { rootFolder } = record.request;
  if (rootFolder?.keepsChangesApart === false) {
    return { Name: 'rootfs', Data: { RootDir: rootFolder.path } };
  }
  const lowers = rootFolder !== undefined
    ? [rootFolder.path] : mountedLayers(record.layers).map((diffId) => layers.treePath(diffId));
  return {
    Name: record.driver ?? 'overlay',
    Data: { LowerDir: lowers.join(':'), UpperDir: paths.upper, WorkDir: paths.work },
  };
}

/** As in Podman, mounts in memory are shown only in HostConfig.Tmpfs. */
function mountsSection(
  engine: Engine,
  record: BerthContainer,
  spec: RuntimeSpec,
): Record<string, unknown>[] {
  const mounts = record.request.mounts.filter(({ type }) => type !== 'tmpfs');
  return mounts.map((mount) => {
    const found = spec.mounts.find(({ destination }) => destination === mount.target);
    const options = found?.options ?? [];
    const name = mount.type === 'volume' ? mount.name : undefined;
    const section = {
      Type: mount.type,
      ...(name === undefined ? {} : { Name: name }),
      Source: mount.type === 'image' ? mount.source
        : found?.source ?? (name === undefined ? '' : engine.store.volumes.dataPath(name)),
      Destination: mount.target,
      Driver: name === undefined ? '' : 'local',
      Mode: '',
      Options: options.filter((option) => !/^(rw|ro|r?(private|shared|slave))$/.test(option)),
      RW: !options.includes('ro'),
      Propagation: options.find((option) => /^r?(private|shared|slave)$/.test(option)) ?? '',
    };
    return withHidden(section, { Name: '', SubPath: '' });
  });
}

type PortMap = Record<string, readonly { HostIp: string; HostPort: string }[]>;

function publishedPorts(record: BerthContainer): PortMap {
  const ports: PortMap = {};
  for (const { containerPort, protocol, hostAddress, hostPort } of record.ports) {
    const key = `${containerPort}/${protocol}`;
    ports[key] = [...(ports[key] ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }];
  }
  return ports;
}

/** A container with a network of its own shows its exposed ports, published or not. */
function networkSection(
  record: BerthContainer,
  { state }: ContainerEntry,
): Record<string, unknown> {
  const own = record.network === 'pasta' || record.network === 'slirp4netns';
  const exposed = own ? [...record.exposedPorts, ...record.request.expose] : [];
  const guest = guestAddresses(record.request.network.options);
  const unpublished = exposed.map((port) => [port.includes('/') ? port : `${port}/tcp`, nilList()]);
  return {
    EndpointID: '',
    Gateway: own ? guest.gateway : '',
    IPAddress: own ? guest.address : '',
    IPPrefixLen: own ? guest.prefixLength : 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    MacAddress: '',
    Bridge: '',
    SandboxID: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: { ...Object.fromEntries(unpublished), ...publishedPorts(record) },
    // The path by which nsenter and ip find the namespace; it has no other name.
    SandboxKey: own && state.state === 'running' ? `/proc/${state.pid}/ns/net` : '',
    Networks: own ? { [record.network]: memberOf(record.network, guest) } : {},
  };
}

/** Scripts written for Docker read the address here. */
function memberOf(network: string, guest: GuestAddresses): Record<string, unknown> {
  return {
    EndpointID: '',
    Gateway: guest.gateway,
    IPAddress: guest.address,
    IPPrefixLen: guest.prefixLength,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    MacAddress: '',
    NetworkID: network,
    DriverOpts: nilMap(),
    IPAMConfig: null,
    Links: nilList(),
  };
}
