/**
 * The seccomp profile of a container. What a rule can't express by refusing is expressed by
 * allowing the rest: a filter library may drop a refusal that a broader permission covers.
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
const EAFNOSUPPORT = 97;
const AF_NETLINK = 16;
const AF_ALG = 38;
const NETLINK_AUDIT = 9;
const SOCKETCALL_SOCKET = 1;

/** ioctls that push keys into a terminal (CVE-2017-5226) or paste into a console. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** The kernel looks at 32 bits of an ioctl's number only; so must the filter. */
const IOCTL_BITS = 32;

const ARCHITECTURES: Record<string, string[]> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** Personalities that change nothing dangerous; the last asks for the current one. */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff];

/** Podman's defaults for these capabilities, with our own refusals. */
export function defaultSeccomp(architecture: string, capabilities: readonly string[]): SeccompSpec {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    architectures: ARCHITECTURES[architecture] ?? [],
    syscalls: [
      allow([...ALLOWED, ...(ALLOWED_BY_ARCHITECTURE[architecture] ?? [])]),
      refuse([...REFUSED], EPERM),
      ...capabilityRules(capabilities),
      ...PERSONALITIES.map((value) => allowIf('personality', { index: 0, value, op: 'SCMP_CMP_EQ' })),
      ...socketRules(capabilities.includes('CAP_AUDIT_WRITE')),
      ...ioctlRules(),
    ],
  };
}

function capabilityRules(capabilities: readonly string[]): SeccompRule[] {
  return Object.entries(ALLOWED_BY_CAPABILITY).map(([capability, names]) =>
    capabilities.includes(capability)
      ? allow([...names])
      : refuse(names.filter((name) => !ALLOWED.includes(name)), EPERM),
  );
}

/**
 * Every family but AF_ALG, whose page-cache writes reach the host (CVE-2026-31431). 32-bit
 * programs may also come through socketcall(2), whose arguments a filter can't see: there only
 * socket() itself is refused, so that sockets handed to them still work.
 */
function socketRules(mayAudit: boolean): SeccompRule[] {
  const between = Array.from({ length: AF_ALG - AF_NETLINK - 1 }, (_, i) => AF_NETLINK + 1 + i);
  return [
    allowIf('socket', { index: 0, value: AF_NETLINK, op: 'SCMP_CMP_LT' }),
    ...between.map((value) => allowIf('socket', { index: 0, value, op: 'SCMP_CMP_EQ' })),
    allowIf('socket', { index: 0, value: AF_ALG, op: 'SCMP_CMP_GT' }),
    allowIf(
      'socket',
      { index: 0, value: AF_NETLINK, op: 'SCMP_CMP_EQ' },
      ...(mayAudit ? [] : [{ index: 2, value: NETLINK_AUDIT, op: 'SCMP_CMP_NE' } as const]),
    ),
    {
      names: ['socket'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: EAFNOSUPPORT,
      args: [{ index: 0, value: AF_ALG, op: 'SCMP_CMP_EQ' }],
    },
    allowIf('socketcall', { index: 0, value: SOCKETCALL_SOCKET, op: 'SCMP_CMP_GT' }),
  ];
}

/** Allowed when some bit differs from both refused numbers, refused with EPERM when none does. */
function ioctlRules(): SeccompRule[] {
  const differing = (TIOCSTI ^ TIOCLINUX) >>> 0;
  const masked = (mask: number, value: number) =>
    ({ index: 1, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' }) as const;
  const rules: SeccompRule[] = [];
  for (let bit = 0; bit < IOCTL_BITS; bit++) {
    const mask = 2 ** bit;
    if ((differing & mask) === 0) {
      rules.push(allowIf('ioctl', masked(mask, (TIOCSTI & mask) === 0 ? mask : 0)));
    }
  }
  for (const value of subsetsOf(differing)) {
    if (value !== (TIOCSTI & differing) && value !== (TIOCLINUX & differing)) {
      rules.push(allowIf('ioctl', masked(differing, value)));
    }
  }
  for (const number of [TIOCSTI, TIOCLINUX]) {
    const args = [masked(0xffffffff, number)];
    rules.push({ names: ['ioctl'], action: 'SCMP_ACT_ERRNO', errnoRet: EPERM, args });
  }
  return rules;
}

function subsetsOf(mask: number): number[] {
  return Array.from({ length: mask + 1 }, (_, value) => value).filter((value) => (value & ~mask) === 0);
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
 * A profile from a file, in the runtime spec's form or Docker's (with archMap, includes and
 * excludes). Throws UsageError when it is none.
 */
export function customSeccomp(
  profile: unknown,
  facts: { architecture: string; capabilities: readonly string[] },
): SeccompSpec {
  const document = profile as Partial<DockerProfile> | null;
  if (typeof document !== 'object' || document === null || typeof document.defaultAction !== 'string') {
    throw new UsageError('BAD_SECCOMP', 'read seccomp profile: it has no "defaultAction"');
  }
  const rules = Array.isArray(document.syscalls) ? document.syscalls : [];
  return {
    defaultAction: document.defaultAction,
    ...(document.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: document.defaultErrnoRet }),
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
