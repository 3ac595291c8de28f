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
  | { type: 'tmpfs'; target: string; options: string[] }
  | ImageMount;

/** The files of an image. Its id is known once the image was found. */
export interface ImageMount {
  type: 'image';
  source: string;
  imageId?: string;
  target: string;
  /** `ro` or `rw`. */
  options: string[];
}

/** One `-p`; without host ports, free ones are chosen. */
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

/** `--passwd` and similar flags: account lines for users that the image does not know. */
export interface AccountsRequest {
  /** False leaves the image's account files unchanged. */
  write: boolean;
  /** `--passwd-entry`, with $USERNAME, $UID, $GID, $NAME and $HOME. */
  passwdEntry: string | undefined;
  /** `--group-entry`, with $GROUPNAME, $GID and $USERLIST. */
  groupEntry: string | undefined;
  /** `--hostuser`: names or uids of users of this machine. */
  hostUsers: string[];
}

/** `--userns`, `--uidmap`, `--gidmap`, `--subuidname`, `--subgidname`: an id map of its own. */
export type UserNamespaceRequest =
  | { kind: 'keep-id'; uid?: number; gid?: number; size?: number }
  | { kind: 'auto'; size?: number; uidMaps?: string[]; gidMaps?: string[] }
  | { kind: 'names'; uidName: string; gidName: string }
  | { kind: 'nomap' }
  /** The ids of another container: its name or id. */
  | { kind: 'container'; value: string }
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
  /** Lower case without RLIMIT_, e.g. `nofile`; `host` means the caller's limits. */
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
  /** `--security-opt proc-opts=`: options of proc(5) for /proc. */
  procOptions?: string[];
}

/** One `--blkio-weight-device`, `--device-read-bps` or similar flag. */
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
  /** `--cpus`: how many processors, e.g. 1.5. */
  cpus: number | undefined;
  /**
   * `--cpu-period` and `--cpu-quota`, which can't be combined with `--cpus`; a quota of 0 or less
   * means no limit.
   */
  cpuPeriodUs?: number | undefined;
  cpuQuotaUs?: number | undefined;
  cpuShares: number | undefined;
  cpusetCpus: string | undefined;
  /** Memory nodes, e.g. `0-1`. */
  cpusetMems?: string | undefined;
  /** `--blkio-weight`, 10 … 1000. */
  blockWeight?: number | undefined;
  blockLimits?: BlockLimitRequest[] | undefined;
  /** -1 means unlimited; undefined means Berth's default of 2048. */
  pidsLimit: number | undefined;
}

/** `--log-driver` and `--log-opt`; for undefined the engine chooses. */
export interface LogRequest {
  driver: 'k8s-file' | 'json-file' | 'none' | 'passthrough' | undefined;
  maxSizeBytes: number | undefined;
  maxFiles: number | undefined;
  path: string | undefined;
  tag: string | undefined;
}

/** A request to make a container. Every optional flag that was not given is undefined or empty. */
export interface ContainerRequest {
  /** The image as typed; the engine resolves it. */
  image: string;
  /** `--rootfs`: the container runs from this folder instead of an image. */
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
  /**
   * `NAME=VALUE`: those of env-files first; later ones win; names without a value are looked up
   * already.
   */
  environment: string[];
  /** `--env-merge`: `NAME=VALUE`, where `${OTHER}` means the value set so far. */
  environmentMerge?: string[];
  /** `NAME=VALUE` of containers.conf; the image's own variables override them. */
  environmentDefaults?: string[];
  unsetEnvironment: string[];
  unsetAllEnvironment: boolean;
  workingDirectory: string | undefined;
  /** `USER[:GROUP]` as typed. */
  user: string | undefined;
  groupAdd: string[];
  mounts: MountRequest[];
  /** `--volumes-from`, as `CONTAINER[:OPTIONS]`: that container's mounts are added at creation. */
  volumesFrom?: string[];
  /** `--image-volume`: what is made of the image's VOLUMEs. */
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
  /** `--hosts-file`: the file whose lines begin /etc/hosts, in place of the host's own file. */
  hostsFile?: string | undefined;
  /** `--no-hostname`; absent in records of older versions. */
  noHostname?: boolean;
  /** Default capabilities of containers.conf; undefined means Podman's. */
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
  /** The lines to add to passwd and group; absent in records of older versions. */
  accounts?: AccountsRequest;
  /** Undefined means the ids of the user's shared namespace. */
  userns?: UserNamespaceRequest | undefined;
  /** `--cgroups`; absent in records of older versions. */
  cgroups?: CgroupMode;
  /** `--cgroups=no-conmon`: the supervisor must stay in the unit that starts it. */
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
  /** `--timeout`: kill the container after this time; 0 or undefined means never. */
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
  /** `--conmon-pidfile`: gets the pid of the process that watches the container. */
  supervisorPidFile?: string | undefined;
  /**
   * `--sdnotify`: who tells the service manager that the container is ready; undefined means the
   * container.
   */
  sdNotify?: 'container' | 'conmon' | 'ignore' | undefined;
  cidFile: string | undefined;
  /** The command line as typed, for `inspect`; absent in records of older versions. */
  createCommand?: string[];
}

/**
 * The container's cgroup: its own, that of whoever starts it, or (split) one below that, where
 * possible. Podman's no-conmon is `enabled` here, but within a unit of systemd.
 */
export type CgroupMode = 'enabled' | 'disabled' | 'split';
