/** The capabilities of a container: Podman's default set, changed by --cap-add and --cap-drop. */
import { UsageError } from '@berth/errors';
import type { CapabilitySets } from '@berth/oci';

const DEFAULT = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

const ALL = [
  'AUDIT_CONTROL',
  'AUDIT_READ',
  'AUDIT_WRITE',
  'BLOCK_SUSPEND',
  'BPF',
  'CHECKPOINT_RESTORE',
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'IPC_LOCK',
  'IPC_OWNER',
  'KILL',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_RAW',
  'PERFMON',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYSLOG',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_CHROOT',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PACCT',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'WAKE_ALARM',
];

/** The flags about capabilities; names with or without `CAP_`. */
export interface CapabilityRequest {
  capAdd: readonly string[];
  capDrop: readonly string[];
  privileged: boolean;
  /** The capabilities of a container that asks for nothing. */
  defaultCapabilities?: readonly string[] | undefined;
}

/** The names, sorted and with CAP_. Throws UsageError for an unknown name. */
export function capabilities(request: CapabilityRequest): string[] {
  const add = request.capAdd.map(checked);
  const drop = request.capDrop.map(checked);
  const usual = request.defaultCapabilities?.map(checked) ?? DEFAULT;
  const start =
    drop.includes('ALL') ? [] : request.privileged || add.includes('ALL') ? ALL : usual;
  const added = [...start, ...add.filter((name) => name !== 'ALL')];
  const kept = added.filter((name) => !drop.includes(name));
  return [...new Set(kept)].sort().map(prefixed);
}

const NEEDED_LABEL = 'io.containers.capabilities';

/**
 * The capabilities that the image's label says are enough, as in Podman. An image can give up
 * capabilities, but can't get any that the container would not have without the label.
 */
export function neededCapabilities(
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): string[] {
  const text = Object.hasOwn(labels, NEEDED_LABEL) ? labels[NEEDED_LABEL] : undefined;
  const needed = (text ?? '').split(',').filter((name) => name.trim() !== '').map((name) =>
    prefixed(name.trim().toUpperCase().replace(/^CAP_/, '')));
  const areGiven = needed.length > 0 && needed.every((name) => names.includes(name));
  return names.filter((name) => !areGiven || needed.includes(name));
}

/**
 * The capability sets of the process. For root, inheritable and ambient stay empty
 * (CVE-2022-24769), so that programs do not inherit what root has. Another user gets only the
 * capabilities that were asked for by name, and keeps them over execve(2).
 */
export function capabilitySets(
  names: readonly string[],
  user: { isRoot: boolean; capAdd: readonly string[] } = { isRoot: true, capAdd: [] },
): CapabilitySets {
  if (user.isRoot) {
    const sets = { bounding: [...names], effective: [...names], permitted: [...names] };
    return { ...sets, inheritable: [], ambient: [] };
  }
  const asked = user.capAdd.map(checked);
  const own = asked.includes('ALL')
    ? [...names] : names.filter((name) => asked.some((text) => prefixed(text) === name));
  const sets = { bounding: [...names], effective: own, permitted: own };
  return { ...sets, inheritable: own, ambient: own };
}

/** Whether `USER[:GROUP]` means root by its usual names; an empty text means root too. */
export function isRootUser(text: string): boolean {
  return /^(0*|root)(:|$)/.test(text);
}

function checked(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name !== 'ALL' && !ALL.includes(name)) {
    throw new UsageError('BAD_CAPABILITY', `read the capability "${text}": no such capability`, {
      hint: 'see capabilities(7) for their names',
    });
  }
  return name;
}

function prefixed(name: string): string {
  return `CAP_${name}`;
}
