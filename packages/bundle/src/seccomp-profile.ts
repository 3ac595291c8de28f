/**
 * The default seccomp profile of a container, which is Podman's. What Berth refuses beyond it is a
 * filter of its own, see seccomp-refusals.ts.
 */
import type { SeccompRule, SeccompSpec } from '@berth/oci';
import {
  ALLOWED,
  ALLOWED_BY_ARCHITECTURE,
  ALLOWED_BY_CAPABILITY,
  REFUSED,
} from './seccomp-syscalls.ts';

const EPERM = 1;
const ENOSYS = 38;

/** The architectures whose calls a machine's kernel takes. */
export const ARCHITECTURES: Record<string, string[]> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** The values of personality(2) that are harmless; the last one only asks for the current value. */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** Podman's default profile for these capabilities, without io_uring and userfaultfd. */
export function defaultSeccomp(architecture: string, capabilities: readonly string[]): SeccompSpec {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures: ARCHITECTURES[architecture] ?? [],
    syscalls: [
      allow([...ALLOWED, ...(ALLOWED_BY_ARCHITECTURE[architecture] ?? [])]),
      refuse([...REFUSED], EPERM),
      ...capabilityRules(capabilities),
      ...PERSONALITIES.map((value) =>
        allowIf('personality', { index: 0, value, op: 'SCMP_CMP_EQ' }),
      ),
    ],
  };
}

function capabilityRules(capabilities: readonly string[]): SeccompRule[] {
  return Object.entries(ALLOWED_BY_CAPABILITY).map(([capability, names]) =>
    capabilities.includes(capability)
      ? allow([...names])
      : refuse(
          names.filter((name) => !ALLOWED.includes(name)),
          EPERM,
        ),
  );
}

function allow(names: string[]): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW' };
}

function refuse(names: string[], errnoRet: number): SeccompRule {
  return { names, action: 'SCMP_ACT_ERRNO', errnoRet };
}

function allowIf(name: string, ...args: NonNullable<SeccompRule['args']>): SeccompRule {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args };
}
