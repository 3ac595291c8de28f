/** How `ps` shows a container: as a row, as fields of a template, as json. */
import type {
  ContainerEntry,
  NamespaceKey,
  PortMapping,
} from '@berth/engine/containers/list';
import { compactSize, humanAgo, humanSpan, shortId } from './human.ts';
import type { Column } from './listing.ts';

const SHORT_COMMAND = 20;
const NEVER = new Date(-62_135_596_800_000);

/** Titles of columns whose title is not the field's name. */
export const CONTAINER_TITLES: Readonly<Record<string, string>> = {
  ID: 'CONTAINER ID',
  CreatedAt: 'CREATED AT',
  CreatedHuman: 'CREATED',
  ImageID: 'IMAGE ID',
  Pod: 'POD ID',
  PodName: 'PODNAME',
};

/** How the table is shown. */
export interface ContainerTable {
  /** Nothing is shortened. */
  full: boolean;
  size: boolean;
  pod: boolean;
}

/** The usual columns. */
export function containerColumns({ full, size, pod }: ContainerTable): Column<ContainerEntry>[] {
  const sizes: Column<ContainerEntry> = { title: 'SIZE', show: sizeText };
  const pods: Column<ContainerEntry>[] = [
    { title: 'POD ID', show: () => '' },
    { title: 'PODNAME', show: () => '' },
  ];
  return [
    { title: 'CONTAINER ID', show: ({ id }) => full ? id : shortId(id) },
    { title: 'IMAGE', show: ({ image }) => image },
    { title: 'COMMAND', show: (entry) => commandText(entry, full) },
    { title: 'CREATED', show: ({ createdAt }) => humanAgo(createdAt) },
    { title: 'STATUS', show: statusText },
    { title: 'PORTS', show: ({ portsText }) => portsText },
    { title: 'NAMES', show: ({ names }) => names.join(',') },
    ...(pod ? pods : []),
    ...(size ? [sizes] : []),
  ];
}

/** The columns of `ps --namespace`: each namespace is shown by its inode number. */
export function namespaceColumns(full: boolean): Column<ContainerEntry>[] {
  const column = (title: string, name: NamespaceKey): Column<ContainerEntry> => ({
    title,
    show: ({ namespaces }) => namespaces[name] ?? '',
  });
  return [
    { title: 'CONTAINER ID', show: ({ id }) => full ? id : shortId(id) },
    { title: 'NAMES', show: ({ names }) => names.join(',') },
    { title: 'PID', show: ({ pid }) => String(pid) },
    column('CGROUPNS', 'cgroup'),
    column('IPC', 'ipc'),
    column('MNT', 'mnt'),
    column('NET', 'net'),
    column('PIDNS', 'pid'),
    column('USERNS', 'user'),
    column('UTS', 'uts'),
  ];
}

/** Podman's field names. */
export function containerFields(entry: ContainerEntry, full: boolean): object {
  const { id, createdAt, startedAt, exitedAt } = entry;
  return {
    ID: full ? id : shortId(id),
    Id: id,
    Image: entry.image,
    ImageID: full ? entry.imageId : shortId(entry.imageId),
    Command: commandText(entry, full),
    Created: createdAt,
    CreatedAt: createdAt,
    CreatedHuman: humanAgo(createdAt),
    RunningFor: humanAgo(createdAt),
    StartedAt: seconds(startedAt),
    Exited: exitedAt !== undefined,
    ExitedAt: seconds(exitedAt),
    ExitCode: entry.exitCode ?? 0,
    State: entry.state,
    Status: statusText(entry),
    Ports: entry.portsText,
    Names: entry.names.join(','),
    Labels: entry.labels,
    Label: (name: unknown) => entry.labels[String(name)] ?? '',
    Mounts: entry.mounts,
    Networks: entry.networks.join(','),
    Pid: entry.pid,
    Size: sizeText(entry),
    Pod: '',
    PodName: '',
    Restarts: 0,
    AutoRemove: entry.autoRemove,
    IsInfra: false,
    CIDFile: entry.cidFile,
    Namespaces: () => entry.namespaces,
    Cgroup: () => entry.namespaces.cgroup ?? '',
    IPC: () => entry.namespaces.ipc ?? '',
    MNT: () => entry.namespaces.mnt ?? '',
    NET: () => entry.namespaces.net ?? '',
    PIDNS: () => entry.namespaces.pid ?? '',
    USERNS: () => entry.namespaces.user ?? '',
    UTS: () => entry.namespaces.uts ?? '',
    Host: entry.host ?? '',
  };
}

/** Podman's object for `--format json`. */
export function containerJson(entry: ContainerEntry): object {
  const { id, createdAt, startedAt, exitedAt, ports } = entry;
  return {
    AutoRemove: entry.autoRemove,
    Command: entry.command,
    CreatedAt: humanAgo(createdAt),
    Exited: exitedAt !== undefined,
    ExitedAt: seconds(exitedAt),
    ExitCode: entry.exitCode ?? 0,
    Id: id,
    Image: entry.image,
    ImageID: entry.imageId,
    IsInfra: false,
    Labels: entry.labels,
    Mounts: entry.mounts,
    Names: entry.names,
    Namespaces: {},
    Networks: entry.networks,
    Pid: entry.pid,
    Pod: '',
    PodName: '',
    Ports: ports.length > 0 ? ports.map(portJson) : null,
    Restarts: 0,
    Size:
      entry.sizeRw === undefined ? null : { rootFsSize: entry.sizeRootFs, rwSize: entry.sizeRw },
    StartedAt: seconds(startedAt),
    State: entry.state,
    Status: statusText(entry),
    Created: seconds(createdAt),
  };
}

function portJson({ hostAddress, hostPort, containerPort, protocol, count }: PortMapping): object {
  return {
    host_ip: hostAddress === '0.0.0.0' ? '' : hostAddress,
    container_port: containerPort,
    host_port: hostPort,
    range: count,
    protocol,
  };
}

/** `Up 5 minutes`, `Exited (0) 2 hours ago`, `Created`. */
function statusText({ state, startedAt, exitedAt, exitCode, host }: ContainerEntry): string {
  switch (state) {
    case 'running':
      return upText(startedAt);
    case 'paused':
      return `${upText(startedAt)} (Paused)`;
    case 'exited':
      return `Exited (${exitCode ?? 0}) ${humanAgo(exitedAt ?? NEVER)}`;
    case 'unknown':
      return 'Exited (unknown)';
    case 'elsewhere':
      return `Elsewhere${host === undefined ? '' : ` (${host})`}`;
    default:
      return state.charAt(0).toUpperCase() + state.slice(1);
  }
}

function upText(startedAt: Date | undefined): string {
  return `Up ${humanSpan(Date.now() - (startedAt ?? new Date()).getTime())}`;
}

/** The command without control characters, which must not reach the terminal. */
function commandText(entry: ContainerEntry, full: boolean): string {
  const text = (full ? entry.command.join(' ') : entry.commandText).replace(
    /[\u0000-\u001f\u007f-\u009f]+/g,
    ' ',
  );
  return full || text.length <= SHORT_COMMAND ? text : `${text.slice(0, SHORT_COMMAND - 3)}...`;
}

function sizeText({ sizeRw, sizeRootFs }: ContainerEntry): string {
  if (sizeRw === undefined) return '';
  return `${compactSize(sizeRw)} (virtual ${compactSize(sizeRootFs ?? 0)})`;
}

function seconds(date: Date | undefined): number {
  return Math.floor((date ?? NEVER).getTime() / 1000);
}
