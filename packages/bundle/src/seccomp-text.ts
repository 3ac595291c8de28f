/** A seccomp profile in the line format of docs/launch-plan.md, which the helper compiles. */
import { UsageError } from '@berth/errors';
import type { SeccompAction, SeccompArgument, SeccompRule, SeccompSpec } from '@berth/oci';

const OPERATORS: Record<SeccompArgument['op'], string> = {
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

function ruleLines(rule: SeccompRule, what: string): string[] {
  const condition = conditions(rule);
  return rule.names.map((name) => `rule ${what} ${name}${condition}`);
}

function conditions({ args }: SeccompRule): string {
  return (args ?? [])
    .map(({ index, op, value, valueTwo }) => {
      const second = op === 'SCMP_CMP_MASKED_EQ' ? ` ${valueTwo ?? 0}` : '';
      return ` ${index} ${OPERATORS[op]} ${value}${second}`;
    })
    .join('');
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
