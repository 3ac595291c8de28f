/** Checks of the kernel, and of what confines containers in addition to namespaces. */
import type { DoctorFacts } from './facts.ts';
import { administrator, ok, type Finding } from './finding.ts';

/** openat2 5.6, setns(pidfd) 5.8, close_range 5.9, overlay with userxattr 5.11. */
const OLDEST_KERNEL = [5, 11] as const;
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** Whether the kernel has the system calls that Berth needs, and is kept up to date. */
export function checkKernel({ kernel }: DoctorFacts): Finding {
  const id = 'kernel';
  const [major, minor] = kernel.version;
  if (major < OLDEST_KERNEL[0] || (major === OLDEST_KERNEL[0] && minor < OLDEST_KERNEL[1])) {
    return {
      id,
      severity: 'blocked',
      found: `kernel ${kernel.release} is older than ${OLDEST_KERNEL.join('.')}`,
      cost: 'containers do not start, or lack protection that later kernels give',
      remedies: [administrator('install a newer kernel and reboot')],
    };
  }
  const { builtAtMs, nowMs } = kernel;
  if (builtAtMs !== undefined && nowMs - builtAtMs > YEAR_MS) {
    return {
      id,
      severity: 'weaker',
      found: `kernel ${kernel.release} was built ${new Date(builtAtMs).toISOString().slice(0, 10)}`,
      cost: 'containers can exploit holes found in user namespaces and overlay since then',
      remedies: [administrator('update the kernel and reboot')],
    };
  }
  return ok(id, `kernel ${kernel.release}`);
}

/** Whether system calls are filtered. */
export function checkSeccomp({ isolation }: DoctorFacts): Finding {
  const id = 'seccomp';
  if (isolation.hasSeccomp) return ok(id, 'system calls are filtered');
  return {
    id,
    severity: 'weaker',
    found: 'the kernel has no seccomp filters',
    cost: 'containers can make every system call; they start with --security-opt ' +
      'seccomp=unconfined only',
    remedies: [administrator('boot a kernel with CONFIG_SECCOMP_FILTER=y')],
  };
}

/** Whether SELinux is enforcing; Berth sets no labels. */
export function checkSeLinux({ isolation }: DoctorFacts): Finding {
  const id = 'selinux';
  if (!isolation.seLinuxEnforces) return ok(id, 'SELinux does not confine containers here');
  return {
    id,
    severity: 'weaker',
    found: 'SELinux enforces, and containers run with the label of your session',
    cost: 'the policy for containers does not protect the host; :z and :Z of volumes do nothing',
    remedies: [],
  };
}

/** Whether this is a container with a masked /proc, inside which a new procfs is refused. */
export function checkNesting({ isolation }: DoctorFacts): Finding {
  const id = 'nesting';
  if (!isolation.isProcMasked) return ok(id, 'a fresh /proc can be mounted');
  return {
    id,
    severity: 'weaker',
    found: 'parts of /proc are masked: this is inside a container',
    cost: 'containers see the processes of this one, have its host name and set no sysctls; with ' +
      '--privileged they reach its files',
    remedies: [
      administrator('start the outer container with --security-opt unmask=ALL (Podman, Berth), ' +
        'systempaths=unconfined (Docker), or procMount: Unmasked (Kubernetes)'),
    ],
  };
}
