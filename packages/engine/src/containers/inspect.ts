/** `inspect` of a container, in Podman's shape. */
import type { MountRequest } from '@berth/bundle';
import type { RuntimeSpec } from '@berth/oci';
import type { ContainerEntry } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { GUEST } from '@berth/network';
import type { BerthContainer } from './record.ts';
import { readSpec } from './start.ts';

/** Everything that is known of the container. Throws NotFoundError. */
export async function inspectContainer(
  engine: Engine,
  name: string,
  { size }: { size: boolean },
): Promise<Record<string, unknown>> {
  const { containers } = engine.store;
  const id = containers.resolve(name);
  const record = containers.record<BerthContainer>(id);
  const paths = containers.paths(id);
  const spec = readSpec(paths.spec);
  const entry = containers.entry(id);
  const sizes = size ? (await import('./size.ts')).measureContainer(engine, id) : undefined;
  return {
    Id: id,
    Created: new Date(record.createdAtMs).toISOString(),
    Path: spec.process.args[0] ?? '',
    Args: spec.process.args.slice(1),
    State: stateSection(entry),
    Image: record.imageId,
    ImageName: record.imageName,
    Rootfs: '',
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    StaticDir: paths.directory,
    OCIConfigPath: paths.spec,
    OCIRuntime: 'berth-native',
    Name: entry.name,
    RestartCount: 0,
    Driver: 'overlay',
    MountLabel: '',
    ProcessLabel: '',
    EffectiveCaps: spec.process.capabilities?.effective ?? [],
    BoundingCaps: spec.process.capabilities?.bounding ?? [],
    ExecIDs: [],
    GraphDriver: graphDriver(engine, record),
    ...(sizes === undefined ? {} : { SizeRw: sizes.sizeRw, SizeRootFs: sizes.sizeRootFs }),
    Mounts: mountsSection(engine, record, spec),
    Dependencies: Object.values(record.joins),
    NetworkSettings: networkSection(record),
    Namespace: '',
    IsInfra: false,
    IsService: false,
    Config: configSection(record, spec),
    HostConfig: hostConfigSection(record, spec),
  };
}

function moment(text: string | undefined): string {
  return text === undefined ? '0001-01-01T00:00:00Z' : new Date(Number(text) * 1000).toISOString();
}

function stateSection({ state, summary }: ContainerEntry): Record<string, unknown> {
  return {
    OciVersion: '1.1.0',
    Status: state.state === 'unknown' ? 'exited' : state.state,
    Running: state.state === 'running',
    Paused: false,
    Restarting: false,
    OOMKilled: state.oomKilled,
    Dead: false,
    Pid: state.pid,
    ConmonPid: state.state === 'running' ? (summary.supervisor?.pid ?? 0) : 0,
    ExitCode: state.exitCode ?? 0,
    Error: '',
    StartedAt: moment(state.started),
    FinishedAt: moment(state.finished),
    CheckpointedAt: '0001-01-01T00:00:00Z',
    RestoredAt: '0001-01-01T00:00:00Z',
  };
}

function graphDriver(engine: Engine, record: BerthContainer): Record<string, unknown> {
  const { containers, layers } = engine.store;
  const paths = containers.paths(record.id);
  return {
    Name: 'overlay',
    Data: {
      LowerDir: [...record.layers]
        .reverse()
        .map((diffId) => layers.treePath(diffId))
        .join(':'),
      UpperDir: paths.upper,
      WorkDir: paths.work,
    },
  };
}

function mountsSection(
  engine: Engine,
  record: BerthContainer,
  spec: RuntimeSpec,
): Record<string, unknown>[] {
  return record.request.mounts.map((mount) => {
    const found = spec.mounts.find(({ destination }) => destination === mount.target);
    const options = found?.options ?? [];
    const name = mount.type === 'volume' ? mount.name : undefined;
    return {
      Type: mount.type,
      ...(name === undefined ? {} : { Name: name, Driver: 'local' }),
      Source: found?.source ?? (name === undefined ? '' : engine.store.volumes.dataPath(name)),
      Destination: mount.target,
      Mode: '',
      Options: options,
      RW: !options.includes('ro'),
      Propagation: options.find((option) => /(private|shared|slave)$/.test(option)) ?? '',
    };
  });
}

function networkSection(record: BerthContainer): Record<string, unknown> {
  const own = record.network === 'pasta' || record.network === 'slirp4netns';
  const ports: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const exposed of record.exposedPorts) {
    ports[exposed.includes('/') ? exposed : `${exposed}/tcp`] = null;
  }
  for (const { containerPort, protocol, hostAddress, hostPort } of record.ports) {
    const key = `${containerPort}/${protocol}`;
    ports[key] = [...(ports[key] ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }];
  }
  return {
    EndpointID: '',
    Gateway: own ? GUEST.gateway : '',
    IPAddress: own ? GUEST.address : '',
    IPPrefixLen: own ? GUEST.prefixLength : 0,
    MacAddress: '',
    Bridge: '',
    SandboxID: '',
    Ports: ports,
    SandboxKey: '',
    Networks: {},
  };
}

function configSection(record: BerthContainer, spec: RuntimeSpec): Record<string, unknown> {
  const { request } = record;
  return {
    Hostname: spec.hostname ?? '',
    Domainname: '',
    User: record.user,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: request.tty,
    OpenStdin: request.interactive,
    StdinOnce: false,
    Env: spec.process.env,
    Cmd: record.command,
    Image: record.imageName,
    Volumes: null,
    WorkingDir: spec.process.cwd,
    Entrypoint: (request.entrypoint ?? []).join(' '),
    Labels: record.labels,
    Annotations: request.annotations,
    StopSignal: record.stopSignal,
    StopTimeout: record.stopTimeoutSeconds,
    Timeout: request.timeoutSeconds ?? 0,
    CreateCommand: [],
    Umask: (spec.process.user.umask ?? 0).toString(8).padStart(4, '0'),
    Timezone: request.timezone ?? '',
  };
}

function hostConfigSection(record: BerthContainer, spec: RuntimeSpec): Record<string, unknown> {
  const { request } = record;
  return {
    Binds: request.mounts
      .filter(({ type }) => type !== 'tmpfs')
      .map((mount) => `${sourceOf(mount)}:${mount.target}`),
    ContainerIDFile: request.cidFile ?? '',
    LogConfig: {
      Type: record.log.driver,
      Config: null,
      Path: record.log.path,
      Tag: request.log.tag ?? '',
      Size: `${record.log.maxSizeBytes}B`,
    },
    NetworkMode:
      record.joins['net'] === undefined ? record.network : `container:${record.joins['net']}`,
    PortBindings: networkSection(record)['Ports'],
    RestartPolicy: { Name: '', MaximumRetryCount: 0 },
    AutoRemove: request.remove,
    CapAdd: request.capAdd,
    CapDrop: request.capDrop,
    Dns: request.dns,
    DnsOptions: request.dnsOptions,
    DnsSearch: request.dnsSearch,
    ExtraHosts: request.addHosts,
    GroupAdd: request.groupAdd,
    IpcMode: request.ipc.kind,
    Privileged: request.privileged,
    PublishAllPorts: request.publishAll,
    ReadonlyRootfs: request.readOnly,
    SecurityOpt: request.security.noNewPrivileges ? ['no-new-privileges'] : [],
    UTSMode: request.uts.kind,
    PidMode: request.pid.kind,
    CgroupMode: request.cgroupns.kind,
    UsernsMode: '',
    ShmSize: request.shmSizeBytes ?? 65_536_000,
    Runtime: 'berth-native',
    ...limitsSection(record, spec),
    Init: request.init,
    Tmpfs: Object.fromEntries(
      request.mounts
        .filter(({ type }) => type === 'tmpfs')
        .map(({ target, options }) => [target, options.join(',')]),
    ),
  };
}

function limitsSection(
  { request }: BerthContainer,
  { linux: { resources }, process }: RuntimeSpec,
): Record<string, unknown> {
  return {
    Memory: resources?.memory?.limit ?? 0,
    MemoryReservation: resources?.memory?.reservation ?? 0,
    MemorySwap: resources?.memory?.swap ?? 0,
    NanoCpus: Math.round((request.resources.cpus ?? 0) * 1e9),
    CpuShares: resources?.cpu?.shares ?? 0,
    CpuPeriod: resources?.cpu?.period ?? 0,
    CpuQuota: resources?.cpu?.quota ?? 0,
    CpusetCpus: resources?.cpu?.cpus ?? '',
    PidsLimit: resources?.pids?.limit ?? 0,
    Ulimits: (process.rlimits ?? []).map(({ type, soft, hard }) => ({
      Name: type,
      Soft: soft,
      Hard: hard,
    })),
  };
}

function sourceOf(mount: MountRequest): string {
  if (mount.type === 'bind') return mount.source;
  return mount.type === 'volume' ? (mount.name ?? '') : '';
}
