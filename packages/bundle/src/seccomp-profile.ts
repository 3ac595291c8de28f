/**
 * The seccomp profile of a container: Podman's default, or one from a file. What Berth refuses
 * beyond the default is a filter of its own, see seccomp-refusals.ts.
 */
import { UsageError } from '@berth/errors';
import type { SeccompRule, SeccompSpec } from '@berth/oci';
import {
  ALLOWED,
  ALLOWED_BY_ARCHITECTURE,
  ALLOWED_BY_CAPABILITY,
  REFUSED,
} from './seccomp-syscalls.ts';

const EPERM = 1;
const ENOSYS = 38;

const ARCHITECTURES: Record<string, string[]> = {
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

/**
 * A profile from a file, in the form of the runtime spec or of Docker (with archMap, includes and
 * excludes). Throws UsageError when it is neither.
 */
export function customSeccomp(
  profile: unknown,
  facts: { architecture: string; capabilities: readonly string[] },
): SeccompSpec {
  const document = profile as Partial<DockerProfile> | null;
  if (
    typeof document !== 'object' ||
    document === null ||
    typeof document.defaultAction !== 'string'
  ) {
    throw new UsageError('BAD_SECCOMP', 'read seccomp profile: it has no "defaultAction"');
  }
  const rules = Array.isArray(document.syscalls) ? document.syscalls : [];
  return {
    defaultAction: document.defaultAction,
    ...(document.defaultErrnoRet === undefined
      ? {}
      : { defaultErrnoRet: document.defaultErrnoRet }),
    architectures: document.architectures ?? ARCHITECTURES[facts.architecture] ?? [],
    syscalls: rules.filter((rule) => applies(rule, facts)).map(runtimeRule),
  };
}

type DockerRule = Omit<SeccompRule, 'names'> & {
  name?: string;
  names?: string[];
  includes?: { caps?: string[]; arches?: string[] };
  excludes?: { caps?: string[]; arches?: string[] };
};

type DockerProfile = Omit<SeccompSpec, 'syscalls'> & { syscalls: DockerRule[] };

function applies(
  { includes, excludes }: DockerRule,
  { architecture, capabilities }: { architecture: string; capabilities: readonly string[] },
): boolean {
  const has = (names: string[] | undefined): boolean =>
    names?.every((name) => capabilities.includes(name)) ?? true;
  const wantsOther = includes?.arches !== undefined && !includes.arches.includes(architecture);
  const excluded =
    excludes?.arches?.includes(architecture) === true ||
    excludes?.caps?.some((name) => capabilities.includes(name)) === true;
  return !wantsOther && !excluded && has(includes?.caps);
}

function runtimeRule({ name, names, action, errnoRet, args }: DockerRule): SeccompRule {
  return {
    names: names ?? (name === undefined ? [] : [name]),
    action,
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args === undefined || args === null ? {} : { args }),
  };
}
