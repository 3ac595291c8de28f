/** The parts of the OCI runtime specification's config.json that Berth writes and reads. */

/** The part of config.json (runtime-spec, config.md) that Berth writes. */
export interface RuntimeSpec {
  ociVersion: string;
  process: ProcessSpec;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  mounts: MountSpec[];
  annotations?: Record<string, string>;
  linux: LinuxSpec;
}

/** `process` (runtime-spec, config.md). */
export interface ProcessSpec {
  terminal?: boolean;
  user: { uid: number; gid: number; umask?: number; additionalGids?: number[] };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: CapabilitySets;
  rlimits?: RlimitSpec[];
  noNewPrivileges?: boolean;
  oomScoreAdj?: number;
}

/** Names with the CAP_ prefix. */
export interface CapabilitySets {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable: string[];
  ambient: string[];
}

/** `type` is RLIMIT_NOFILE and the like; -1 is unlimited. */
export interface RlimitSpec {
  type: string;
  soft: number;
  hard: number;
}

/** An element of `mounts`. */
export interface MountSpec {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

/** `linux` (runtime-spec, config-linux.md). */
export interface LinuxSpec {
  namespaces: { type: NamespaceType; path?: string }[];
  sysctl?: Record<string, string>;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  seccomp?: SeccompSpec;
  devices?: DeviceSpec[];
  resources?: ResourcesSpec;
  rootfsPropagation?: string;
  personality?: { domain: 'LINUX' | 'LINUX32' };
}

/** Namespaces as the spec names them. */
export type NamespaceType = 'pid' | 'network' | 'ipc' | 'uts' | 'mount' | 'user' | 'cgroup';

/** A device node: rootless, the host's node at `source` is bound to `path`. */
export interface DeviceSpec {
  path: string;
  source?: string;
  type: 'c' | 'b';
  permissions?: string;
}

/** `linux.resources` */
export interface ResourcesSpec {
  memory?: { limit?: number; reservation?: number; swap?: number };
  cpu?: { quota?: number; period?: number; shares?: number; cpus?: string; mems?: string };
  pids?: { limit: number };
  blockIO?: BlockIoSpec;
}

/** `linux.resources.blockIO` */
export interface BlockIoSpec {
  weight?: number;
  weightDevice?: { major: number; minor: number; weight: number }[];
  throttleReadBpsDevice?: ThrottleSpec[];
  throttleWriteBpsDevice?: ThrottleSpec[];
  throttleReadIOPSDevice?: ThrottleSpec[];
  throttleWriteIOPSDevice?: ThrottleSpec[];
}

/** The rate limit of one block device. */
export interface ThrottleSpec {
  major: number;
  minor: number;
  rate: number;
}

/** What happens to a system call. */
export type SeccompAction =
  | 'SCMP_ACT_ALLOW'
  | 'SCMP_ACT_ERRNO'
  | 'SCMP_ACT_KILL'
  | 'SCMP_ACT_KILL_PROCESS'
  | 'SCMP_ACT_KILL_THREAD'
  | 'SCMP_ACT_TRAP'
  | 'SCMP_ACT_LOG';

/** `linux.seccomp` */
export interface SeccompSpec {
  defaultAction: SeccompAction;
  defaultErrnoRet?: number;
  architectures: string[];
  syscalls: SeccompRule[];
}

/** Calls that share an action. */
export interface SeccompRule {
  names: string[];
  action: SeccompAction;
  errnoRet?: number;
  args?: SeccompArgument[];
}

/** A condition on one argument of a call. */
export interface SeccompArgument {
  index: number;
  value: number;
  valueTwo?: number;
  op:
    | 'SCMP_CMP_NE'
    | 'SCMP_CMP_LT'
    | 'SCMP_CMP_LE'
    | 'SCMP_CMP_EQ'
    | 'SCMP_CMP_GE'
    | 'SCMP_CMP_GT'
    | 'SCMP_CMP_MASKED_EQ';
}
