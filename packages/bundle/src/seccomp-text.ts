/** A seccomp profile in the line format of docs/launch-plan.md, which the helper compiles. */
import { UsageError } from '@berth/errors';
import type { SeccompAction, SeccompArgument, SeccompRule, SeccompSpec } from '@berth/oci';

/** The words of the line format for the operators of profiles. */
export const OPERATORS: Record<SeccompArgument['op'], string> = {
  SCMP_CMP_EQ: '==',
  SCMP_CMP_NE: '!=',
  SCMP_CMP_LT: '<',
  SCMP_CMP_LE: '<=',
  SCMP_CMP_GT: '>',
  SCMP_CMP_GE: '>=',
  SCMP_CMP_MASKED_EQ: '&',
};

const EPERM = 1;

/** The profile as text. Throws UsageError for actions that the helper does not know. */
export function seccompText(profile: SeccompSpec): string {
  const lines = [`default ${action(profile.defaultAction, profile.defaultErrnoRet)}`];
  for (const architecture of profile.architectures) {
    lines.push(`arch ${architecture.replace(/^SCMP_ARCH_/, '').toLowerCase()}`);
  }
  const fallback = lines[0]?.slice('default '.length);
  for (const rule of profile.syscalls) {
    const what = action(rule.action, rule.errnoRet);
    // A rule with the default action has no effect, and libseccomp refuses it.
    if (what !== fallback) lines.push(...ruleLines(rule, what));
  }
  return `${lines.join('\n')}\n`;
}

function ruleLines({ names, args = [] }: SeccompRule, what: string): string[] {
  const alternatives = isTwiceOnOne(args) ? args.map((one) => [one]) : [args];
  return names.flatMap((name) =>
    alternatives.map((all) => `rule ${what} ${name}${all.map(condition).join('')}`));
}

/**
 * Whether two conditions are about one argument. A rule of libseccomp can't have that; runc and
 * crun take each condition of such a rule as a rule of its own.
 */
function isTwiceOnOne(args: readonly SeccompArgument[]): boolean {
  return new Set(args.map(({ index }) => index)).size < args.length;
}

function condition({ index, op, value, valueTwo }: SeccompArgument): string {
  // String() shortens numbers above 2^53 to others that are read as the same.
  const second = op === 'SCMP_CMP_MASKED_EQ' ? ` ${BigInt(valueTwo ?? 0)}` : '';
  return ` ${index} ${OPERATORS[op]} ${BigInt(value)}${second}`;
}

function action(name: SeccompAction, errnoRet: number | undefined): string {
  switch (name) {
    case 'SCMP_ACT_ALLOW':
      return 'allow';
    case 'SCMP_ACT_ERRNO':
      return `errno=${errnoRet ?? EPERM}`;
    case 'SCMP_ACT_KILL':
    case 'SCMP_ACT_KILL_THREAD':
      return 'kill-thread';
    case 'SCMP_ACT_KILL_PROCESS':
      return 'kill';
    case 'SCMP_ACT_TRAP':
      return 'trap';
    case 'SCMP_ACT_LOG':
      return 'log';
    default:
      throw new UsageError(
        'BAD_SECCOMP',
        `read seccomp profile: the action "${String(name)}" is not supported`,
      );
  }
}
