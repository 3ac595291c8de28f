/** The sections Config and HostConfig of an inspected container: what was asked for. */
import type {
  BlockLimitRequest,
  CgroupMode,
  ContainerRequest,
  MountRequest,
  NamespaceRequest,
} from '@berth/bundle';
import type { IdMap } from '@berth/isolation';
import type { RuntimeSpec } from '@berth/oci';
import { byKey } from '../by-key.ts';
import { withHidden } from '../hidden-fields.ts';
import { nilIfEmpty, nilList, nilMap } from '../nil.ts';
import type { BerthContainer } from './record.ts';
import { signalName } from './signals.ts';

/** The process, and what the image's config says about it. */
export function configSection(
  record: BerthContainer,
  spec: RuntimeSpec,
  imageEntrypoint: readonly string[],
): Record<string, unknown> {
  const { request } = record;
  const entrypoint = request.entrypoint ?? imageEntrypoint;
  const exposed = [...record.exposedPorts, ...request.expose];
  const exposedPorts = Object.fromEntries(exposed.map((port) => [port, {}]));
  const section = {
    Hostname: spec.hostname ?? '',
    Domainname: '',
    User: record.user,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(exposed.length === 0 ? {} : { ExposedPorts: exposedPorts }),
    Tty: request.tty,
    OpenStdin: request.interactive,
    StdinOnce: false,
    Env: spec.process.env,
    Cmd: nilIfEmpty(record.command.slice(entrypoint.length)),
    Image: record.imageName,
    Volumes: nilMap(),
    WorkingDir: spec.process.cwd,
    Entrypoint: nilIfEmpty(entrypoint),
    OnBuild: nilList(),
    Labels: nilIfEmpty(byKey(record.labels)),
    Annotations: byKey(request.annotations),
    StopSignal: signalName(record.stopSignal),
    HealthcheckOnFailureAction: 'none',
    CreateCommand: request.createCommand ?? [],
    Umask: (spec.process.user.umask ?? 0).toString(8).padStart(4, '0'),
    ...(request.timezone === undefined ? {} : { Timezone: request.timezone }),
    Timeout: request.timeoutSeconds ?? 0,
    StopTimeout: record.stopTimeoutSeconds,
    Passwd: true,
    sdNotifyMode: request.sdNotify ?? 'container',
  };
  return withHidden(section, { ExposedPorts: {}, Timezone: '', Healthcheck: null });
}

/** The container's relation to the machine: mounts, limits, namespaces. */
export function hostConfigSection(
  record: BerthContainer,
  spec: RuntimeSpec,
  portBindings: object,
): Record<string, unknown> {
  const { request } = record;
  const section = {
    Binds: binds(record, spec),
    CgroupMode: modeOf(request.cgroupns, record.joins['cgroup']),
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
    PortBindings: portBindings,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: request.remove,
    VolumeDriver: '',
    VolumesFrom: nilIfEmpty(request.volumesFrom ?? []),
    CapAdd: request.capAdd.map(capabilityName),
    CapDrop: request.capDrop.map(capabilityName),
    Dns: request.dns,
    DnsOptions: request.dnsOptions,
    DnsSearch: request.dnsSearch,
    ExtraHosts: request.addHosts,
    GroupAdd: request.groupAdd,
    IpcMode: modeOf(request.ipc, record.joins['ipc']),
    Cgroup: '',
    Cgroups: cgroupsOf(request.cgroups),
    Links: nilList(),
    OomScoreAdj: request.oomScoreAdjust ?? 0,
    PidMode: modeOf(request.pid, record.joins['pid']),
    Privileged: request.privileged,
    PublishAllPorts: request.publishAll,
    ReadonlyRootfs: request.readOnly,
    SecurityOpt: securityOptions(record),
    Tmpfs: tmpfs(record, spec),
    UTSMode: modeOf(request.uts, record.joins['uts']),
    UsernsMode: record.containerIds === undefined ? '' : 'private',
    ...idMappings(record),
    ShmSize: request.shmSizeBytes ?? 65_536_000,
    Runtime: 'berth-native',
    ...(request.init ? { Init: true } : {}),
    ConsoleSize: [0, 0],
    Isolation: '',
    ...limits(record, spec),
  };
  return withHidden(section, { Init: false });
}

/** The mode of a namespace; another container is named by its id. */
function modeOf(namespace: NamespaceRequest, joined: string | undefined): string {
  const { kind } = namespace;
  if (kind === 'container') return `container:${joined ?? namespace.value}`;
  return kind === 'path' ? `ns:${namespace.value}` : kind;
}

/** Podman shows `enabled` as `default`. */
function cgroupsOf(mode: CgroupMode = 'enabled'): string {
  return mode === 'enabled' ? 'default' : mode;
}

/** Podman's `INSIDE:OUTSIDE:COUNT` entries, for containers with ids of their own. */
function idMappings({ containerIds }: BerthContainer): Record<string, unknown> {
  if (containerIds === undefined) return {};
  const texts = (maps: readonly IdMap[]): string[] =>
    maps.map(({ inside, outside, count }) => `${inside}:${outside}:${count}`);
  return { IDMappings: { UidMap: texts(containerIds.uids), GidMap: texts(containerIds.gids) } };
}

function capabilityName(name: string): string {
  const upper = name.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function binds({ request }: BerthContainer, spec: RuntimeSpec): string[] {
  return request.mounts
    .filter(({ type }) => type !== 'tmpfs')
    .map((mount) => [sourceOf(mount), mount.target, optionsOf(mount, spec).join(',')].join(':'));
}

function tmpfs({ request }: BerthContainer, spec: RuntimeSpec): Record<string, string> {
  const mounts = request.mounts.filter(({ type }) => type === 'tmpfs');
  // As in Podman, the mode is shown only where one was asked for.
  const told = (mount: MountRequest): string[] => optionsOf(mount, spec)
    .filter((option) => option !== 'mode=1777' || mount.options.includes(option));
  const entries = mounts.map((mount) => [mount.target, told(mount).join(',')]);
  return byKey(Object.fromEntries(entries) as Record<string, string>);
}

function optionsOf({ target }: MountRequest, { mounts }: RuntimeSpec): readonly string[] {
  return mounts.find(({ destination }) => destination === target)?.options ?? [];
}

function sourceOf(mount: MountRequest): string {
  if (mount.type === 'bind') return mount.source;
  if (mount.type === 'image') return mount.source;
  return mount.type === 'volume' ? (mount.name ?? '') : '';
}

function securityOptions({ request: { security } }: BerthContainer): string[] {
  const { noNewPrivileges, seccompProfile, mask, unmask, procOptions = [] } = security;
  return [
    ...(noNewPrivileges ? ['no-new-privileges'] : []),
    ...(seccompProfile === undefined ? [] : [`seccomp=${seccompProfile}`]),
    ...(mask.length > 0 ? [`mask=${mask.join(':')}`] : []),
    ...(unmask.length > 0 ? [`unmask=${unmask.join(':')}`] : []),
    ...(procOptions.length > 0 ? [`proc-opts=${procOptions.join(',')}`] : []),
  ];
}

/** Zero means no limit. Limits of realtime, Windows and disk sizes do not exist here. */
function limits(
  { request }: BerthContainer,
  { linux: { resources }, process }: RuntimeSpec,
): Record<string, unknown> {
  return {
    CpuShares: resources?.cpu?.shares ?? 0,
    Memory: resources?.memory?.limit ?? 0,
    NanoCpus: Math.round((request.resources.cpus ?? 0) * 1e9),
    CgroupParent: request.cgroupParent ?? '',
    BlkioWeight: request.resources.blockWeight ?? 0,
    BlkioWeightDevice: blockLimits(request, 'weight', 'Weight'),
    BlkioDeviceReadBps: blockLimits(request, 'readBps', 'Rate'),
    BlkioDeviceWriteBps: blockLimits(request, 'writeBps', 'Rate'),
    BlkioDeviceReadIOps: blockLimits(request, 'readIops', 'Rate'),
    BlkioDeviceWriteIOps: blockLimits(request, 'writeIops', 'Rate'),
    CpuPeriod: resources?.cpu?.period ?? 0,
    CpuQuota: resources?.cpu?.quota ?? 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: resources?.cpu?.cpus ?? '',
    CpusetMems: resources?.cpu?.mems ?? '',
    Devices: request.devices.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    DiskQuota: 0,
    KernelMemory: 0,
    MemoryReservation: resources?.memory?.reservation ?? 0,
    MemorySwap: resources?.memory?.swap ?? 0,
    MemorySwappiness: 0,
    OomKillDisable: false,
    PidsLimit: resources?.pids?.limit ?? 0,
    Ulimits: (process.rlimits ?? []).map(({ type, soft, hard }) => ({
      Name: type,
      Soft: soft,
      Hard: hard,
    })),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    CgroupConf: nilMap(),
  };
}

function blockLimits(
  { resources }: ContainerRequest,
  wanted: BlockLimitRequest['kind'],
  name: 'Weight' | 'Rate',
): object {
  const found = (resources.blockLimits ?? []).filter(({ kind }) => kind === wanted);
  return nilIfEmpty(found.map(({ device, value }) => ({ Path: device, [name]: value })));
}
