/**
 * What a user asks for when a container is made: the flags of `run` and `create`, parsed but not
 * yet decided upon. Pure data. The command line makes it, the engine keeps it in the container's
 * record, and compose() turns it, with the image's config and the host's facts, into an OCI
 * runtime spec.
 */

/** A stream of the container that a client attaches to (`--attach`). */
export type StreamName = 'stdin' | 'stdout' | 'stderr';

/** One `-v`, `--mount` or `--tmpfs`. Options are as typed and already checked for spelling. */
export type MountRequest =
  | { type: 'bind'; source: string; target: string; options: string[]; createSource: boolean }
  | { type: 'volume'; name: string | undefined; target: string; options: string[] }
  | { type: 'tmpfs'; target: string; options: string[] };

/** One `-p`: host ports are absent when the host is to choose. */
export interface PortRequest {
  hostAddress: string | undefined;
  hostPort: number | undefined;
  containerPort: number;
  /** How many consecutive ports, from 1. */
  count: number;
  protocol: 'tcp' | 'udp';
}

/** Where a namespace comes from. `value` is a container's name or id, or a path. */
export type NamespaceRequest =
  | { kind: 'private' }
  | { kind: 'host' }
  | { kind: 'none' }
  | { kind: 'shareable' }
  | { kind: 'container'; value: string }
  | { kind: 'path'; value: string };

/** `--passwd` and its kin: entries for users whom the image does not know. */
export interface AccountsRequest {
  /** False leaves the image's files alone. */
  write: boolean;
  /** `--passwd-entry`, with $USERNAME, $UID, $GID, $NAME and $HOME. */
  passwdEntry: string | undefined;
  /** `--group-entry`, with $GROUPNAME, $GID and $USERLIST. */
  groupEntry: string | undefined;
  /** `--hostuser`: names or uids of users of this machine. */
  hostUsers: string[];
}

/** `--userns`, `--uidmap`, `--gidmap`, `--subuidname`, `--subgidname`: a map of its own. */
export type UserNamespaceRequest =
  | { kind: 'keep-id'; uid?: number; gid?: number; size?: number }
  | { kind: 'auto'; size?: number; uidMaps?: string[]; gidMaps?: string[] }
  | { kind: 'names'; uidName: string; gidName: string }
  | { kind: 'nomap' }
  | { kind: 'maps'; uids: string[]; gids: string[] };

/** `--network`: `default` is pasta where installed, else slirp4netns, else none with a hint. */
export interface NetworkRequest {
  kind: 'default' | 'none' | 'host' | 'pasta' | 'slirp4netns' | 'container' | 'path';
  /** Options after the colon of `pasta:…` and `slirp4netns:…`. */
  options: string[];
  /** The container's name or id, or the namespace's path. */
  value: string | undefined;
}

/** One `--ulimit`. */
export interface UlimitRequest {
  /** Lower case without RLIMIT_, e.g. `nofile`; `host` copies the caller's limits. */
  name: string;
  /** -1 is unlimited. */
  soft: number;
  hard: number;
}

/** One `--device`. */
export interface DeviceRequest {
  source: string;
  target: string;
  /** Any of r, w, m. */
  permissions: string;
}

/** All `--security-opt` together. */
export interface SecurityRequest {
  noNewPrivileges: boolean;
  /** A path, `unconfined`, or undefined for the default profile. */
  seccompProfile: string | undefined;
  /** Paths of `--security-opt mask=`. */
  mask: string[];
  /** Paths of `--security-opt unmask=`; `ALL` for all. */
  unmask: string[];
}

/** One `--blkio-weight-device` or `--device-read-bps` and its kin. */
export interface BlockLimitRequest {
  device: string;
  kind: 'weight' | 'readBps' | 'writeBps' | 'readIops' | 'writeIops';
  value: number;
}

/** Limits of memory, processors, processes and disks; undefined is not limited. */
export interface ResourceRequest {
  memoryBytes: number | undefined;
  memoryReservationBytes: number | undefined;
  memorySwapBytes: number | undefined;
  /** `--cpus`: a share of one processor, 1.5 is one and a half. */
  cpus: number | undefined;
  /** `--cpu-period` and `--cpu-quota`, which exclude `--cpus`; a quota of 0 or less is none. */
  cpuPeriodUs?: number | undefined;
  cpuQuotaUs?: number | undefined;
  cpuShares: number | undefined;
  cpusetCpus: string | undefined;
  /** Memory nodes, e.g. `0-1`. */
  cpusetMems?: string | undefined;
  /** `--blkio-weight`, 10 … 1000. */
  blockWeight?: number | undefined;
  blockLimits?: BlockLimitRequest[] | undefined;
  /** -1 is unlimited, undefined Berth's default of 2048. */
  pidsLimit: number | undefined;
}

/** `--log-driver` and `--log-opt`; undefined leaves it to the engine. */
export interface LogRequest {
  driver: 'k8s-file' | 'json-file' | 'none' | 'passthrough' | undefined;
  maxSizeBytes: number | undefined;
  maxFiles: number | undefined;
  path: string | undefined;
  tag: string | undefined;
}

/** A request to make a container. Every optional flag that was not given is undefined or empty. */
export interface ContainerRequest {
  /** As typed; resolved by the engine. */
  image: string;
  /** `--rootfs`: runs from this folder, and there is no image. */
  rootFolder?: { path: string; keepsChangesApart: boolean } | undefined;
  /** The words after the image. */
  command: string[];
  /** `--entrypoint`: undefined keeps the image's, an empty list clears it. */
  entrypoint: string[] | undefined;
  name: string | undefined;
  replace: boolean;
  remove: boolean;
  interactive: boolean;
  tty: boolean;
  hostname: string | undefined;
  /** `NAME=VALUE`, env-files first, later ones win; names without a value were looked up. */
  environment: string[];
  /** `--env-merge`: `NAME=VALUE` where `${OTHER}` stands for what was set so far. */
  environmentMerge?: string[];
  /** `NAME=VALUE` of containers.conf, which the image's own replace. */
  environmentDefaults?: string[];
  unsetEnvironment: string[];
  unsetAllEnvironment: boolean;
  workingDirectory: string | undefined;
  /** `USER[:GROUP]` as typed. */
  user: string | undefined;
  groupAdd: string[];
  mounts: MountRequest[];
  /** `--volumes-from`, as `CONTAINER[:OPTIONS]`: its mounts are added at creation. */
  volumesFrom?: string[];
  /** `--image-volume`: what becomes of the image's VOLUMEs. */
  imageVolumes?: 'anonymous' | 'tmpfs' | 'ignore';
  readOnly: boolean;
  readOnlyTmpfs: boolean;
  network: NetworkRequest;
  ports: PortRequest[];
  publishAll: boolean;
  /** `--expose`, as `PORT/PROTOCOL`. */
  expose: string[];
  /** `--add-host`, as `NAME:ADDRESS` (address may be host-gateway). */
  addHosts: string[];
  dns: string[];
  dnsSearch: string[];
  dnsOptions: string[];
  noHosts: boolean;
  /** `--hosts-file`: whose lines /etc/hosts begins with, in place of the host's. */
  hostsFile?: string | undefined;
  /** `--no-hostname`; absent in records of older versions. */
  noHostname?: boolean;
  /** Of containers.conf; undefined: those that Podman has. */
  defaultCapabilities?: string[] | undefined;
  capAdd: string[];
  capDrop: string[];
  privileged: boolean;
  security: SecurityRequest;
  ulimits: UlimitRequest[];
  sysctls: Record<string, string>;
  devices: DeviceRequest[];
  pid: NamespaceRequest;
  ipc: NamespaceRequest;
  uts: NamespaceRequest;
  cgroupns: NamespaceRequest;
  /** What is written to passwd and group; absent in records of older versions. */
  accounts?: AccountsRequest;
  /** Undefined: the ids of the user's shared namespace. */
  userns?: UserNamespaceRequest | undefined;
  /** `--cgroups`; absent in records of older versions. */
  cgroups?: CgroupMode;
  /** `--cgroups=no-conmon`: the supervisor is not to leave the unit that starts it. */
  staysWithCaller?: boolean;
  /** `--cgroup-parent`: a slice of systemd, or a path below /sys/fs/cgroup. */
  cgroupParent?: string | undefined;
  resources: ResourceRequest;
  shmSizeBytes: number | undefined;
  init: boolean;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  stopSignal: string | undefined;
  stopTimeoutSeconds: number | undefined;
  /** `--timeout`: kill the container after so long; 0 or undefined is never. */
  timeoutSeconds: number | undefined;
  /** Octal, e.g. `0022`. */
  umask: string | undefined;
  /** `--personality`: a 32-bit machine for uname(2), or the usual one. */
  personality?: 'LINUX' | 'LINUX32' | undefined;
  timezone: string | undefined;
  oomScoreAdjust: number | undefined;
  log: LogRequest;
  /** `--preserve-fds` and `--preserve-fd`: descriptors 3 … N+2 are passed in. */
  preserveDescriptors: number;
  pidFile: string | undefined;
  /** `--conmon-pidfile`: whose process watches the container. */
  supervisorPidFile?: string | undefined;
  /** `--sdnotify`: who tells a service manager that the container is ready; undefined: it does. */
  sdNotify?: 'container' | 'conmon' | 'ignore' | undefined;
  cidFile: string | undefined;
  /** The command line as typed, for `inspect`; absent in records of older versions. */
  createCommand?: string[];
}

/**
 * Where the container's cgroup is: its own, that of whoever starts it, or (split) one below that,
 * where it can be had. Podman's no-conmon is `enabled` here, but in a unit of systemd.
 */
export type CgroupMode = 'enabled' | 'disabled' | 'split';
