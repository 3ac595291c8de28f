/** The process records of a plan, alike for a container's first process and for exec. */
import type { ProcessSpec, RuntimeSpec } from '@berth/oci';
import type { ContainerIds } from './container-ids.ts';
import type { PlanWriter } from './plan-writer.ts';

/** What a plan says about a process beyond the runtime spec. */
export interface ProcessExtras {
  /** `USER[:GROUP]`, looked up in the container's passwd and group files at each start. */
  user: string;
  groupAdd: readonly string[];
  /** Create the working directory when it is missing. */
  createWorkingDirectory: boolean;
  /** A compiled BPF program in hexadecimal; undefined means no filter. */
  seccomp: string | undefined;
  /** A filter that is used only for root, whose notifications the supervisor answers. */
  emulation: Buffer | undefined;
  /**
   * Only one id is mapped. A user other than root gets this id in a user namespace of the process's
   * own.
   */
  hasOneId: boolean;
  /** The ids of a container that has a user namespace of its own. */
  containerIds?: ContainerIds | undefined;
  /** The number for personality(2); undefined keeps the caller's. */
  personality?: number | undefined;
  preserveDescriptors: number;
  terminalSize: { rows: number; columns: number };
}

/** Appends the records of the container's first process, and of sysctls and the host name. */
export function addProcess(plan: PlanWriter, spec: RuntimeSpec, extras: ProcessExtras): void {
  if (spec.hostname !== undefined) {
    plan.add('hostname', spec.hostname);
  }
  for (const [key, value] of Object.entries(spec.linux.sysctl ?? {})) {
    plan.add('sysctl', key, value);
  }
  addProcessRecords(plan, spec.process, extras);
}

/** Appends the records that every process has. */
export function addProcessRecords(
  plan: PlanWriter,
  process: ProcessSpec,
  extras: ProcessExtras,
): void {
  if (process.args.length > 0) {
    plan.add('args', ...process.args);
  }
  plan.add('env', ...process.env);
  plan.add('cwd', process.cwd, extras.createWorkingDirectory ? 1 : 0);
  plan.add('user', extras.user);
  if (extras.groupAdd.length > 0) {
    plan.add('group-add', ...extras.groupAdd);
  }
  plan.add('home-default');
  if (process.user?.umask !== undefined) {
    plan.add('umask', process.user.umask.toString(8));
  }
  if (extras.personality !== undefined) {
    plan.add('personality', extras.personality);
  }
  for (const { type, soft, hard } of process.rlimits ?? []) {
    plan.add('rlimit', type.replace(/^RLIMIT_/, '').toLowerCase(), soft, hard);
  }
  if (process.oomScoreAdj !== undefined) {
    plan.add('oom-score-adj', process.oomScoreAdj);
  }
  if (process.noNewPrivileges === true) {
    plan.add('no-new-privileges');
  }
  addCapabilities(plan, process);
  if (extras.emulation !== undefined) {
    plan.add('emulate', extras.emulation.toString('hex'));
  }
  for (const { inside, outside, count } of extras.containerIds?.uids ?? []) {
    plan.add('container-uid-map', inside, outside, count);
  }
  for (const { inside, outside, count } of extras.containerIds?.gids ?? []) {
    plan.add('container-gid-map', inside, outside, count);
  }
  if (extras.hasOneId) {
    plan.add('own-ids');
  }
  if (extras.seccomp !== undefined) {
    plan.add('seccomp', extras.seccomp);
  }
  if (extras.preserveDescriptors > 0) {
    plan.add('preserve-fds', extras.preserveDescriptors);
  }
  plan.add('new-keyring');
  if (process.terminal === true) {
    plan.add('terminal', extras.terminalSize.rows, extras.terminalSize.columns);
  }
}

/** Capability names in the order of their bit numbers in linux/capability.h. */
const CAPABILITIES = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID',
  'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW',
  'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT',
  'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD',
  'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG',
  'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
] as const;

const BITS = new Map<string, bigint>(
  CAPABILITIES.map((name, bit) => [`CAP_${name}`, 1n << BigInt(bit)]),
);

function addCapabilities(plan: PlanWriter, process: ProcessSpec): void {
  const sets = process.capabilities;
  const mask = (names: readonly string[] | undefined): string =>
    (names ?? []).reduce((bits, name) => bits | (BITS.get(name) ?? 0n), 0n).toString(16);
  plan.add(
    'capabilities',
    mask(sets?.bounding),
    mask(sets?.effective),
    mask(sets?.permitted),
    mask(sets?.inheritable),
    mask(sets?.ambient),
  );
}
