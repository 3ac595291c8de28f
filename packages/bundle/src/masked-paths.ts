/** Paths of /proc and /sys that a container does not see or may not write: Podman's lists. */

const MASKED = [
  '/proc/acpi', '/proc/asound', '/proc/interrupts', '/proc/kcore', '/proc/keys',
  '/proc/latency_stats', '/proc/sched_debug', '/proc/scsi', '/proc/timer_list',
  '/proc/timer_stats', '/sys/dev/block', '/sys/devices/virtual/powercap', '/sys/firmware',
  '/sys/fs/selinux',
];

const READ_ONLY = [
  '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger',
];

/** How `--security-opt mask=` and `unmask=` change the default paths. */
export interface MaskRequest {
  privileged: boolean;
  security: { mask: readonly string[]; unmask: readonly string[] };
}

/**
 * The masked and the read-only paths. --security-opt mask and unmask change both; --privileged
 * empties both.
 */
export function maskedPaths(request: MaskRequest): { masked: string[]; readOnly: string[] } {
  if (request.privileged) {
    return { masked: [...request.security.mask], readOnly: [] };
  }
  const isUnmasked = (path: string): boolean =>
    request.security.unmask.some((pattern) => matches(pattern, path));
  return {
    masked: [...MASKED.filter((path) => !isUnmasked(path)), ...request.security.mask],
    readOnly: READ_ONLY.filter((path) => !isUnmasked(path)),
  };
}

/** Whether the pattern matches: `ALL`, a path, or a path with a star in its last part. */
function matches(pattern: string, path: string): boolean {
  if (pattern.toUpperCase() === 'ALL' || pattern === path) {
    return true;
  }
  const [before = '', after, second] = pattern.split('*');
  const isOne = after !== undefined && second === undefined && path.startsWith(before)
    && path.length >= before.length + after.length && path.endsWith(after);
  return isOne && !path.slice(before.length).includes('/');
}
