/**
 * A seccomp profile from a file. A rule that can't be understood is an error: left out, it would
 * let a call pass that the file refuses.
 */
import { UsageError } from '@berth/errors';
import { isRecord, type SeccompArgument, type SeccompRule, type SeccompSpec } from '@berth/oci';
import { OPERATORS } from './seccomp-text.ts';
import { ARCHITECTURES } from './seccomp-profile.ts';

const LAST_ARGUMENT = 5;

/** What decides which rules of a profile apply. */
export interface ProfileFacts {
  architecture: string;
  capabilities: readonly string[];
}

/**
 * The profile, in the form of the runtime spec or of Docker (with archMap, includes and excludes).
 * Throws UsageError when it is neither.
 */
export function customSeccomp(profile: unknown, facts: ProfileFacts): SeccompSpec {
  const document = profile as Partial<SeccompSpec> | null;
  if (!isRecord(document) || typeof document.defaultAction !== 'string') {
    throw new UsageError('BAD_SECCOMP', 'read seccomp profile: it has no "defaultAction"');
  }
  const { syscalls = [], architectures, defaultErrnoRet } = document;
  if (!Array.isArray(syscalls)) throw badRule(syscalls, '"syscalls" is no list');
  return {
    defaultAction: document.defaultAction,
    ...(defaultErrnoRet === undefined ? {} : { defaultErrnoRet }),
    architectures: textsOf(architectures) ?? ARCHITECTURES[facts.architecture] ?? [],
    syscalls: syscalls.map(requireRule).filter((rule) => applies(rule, facts)).map(runtimeRule),
  };
}

type DockerRule = Partial<SeccompRule> & {
  name?: string;
  includes?: Condition | null;
  excludes?: Condition | null;
};

/** Docker's condition for a rule. */
interface Condition {
  caps?: string[];
  arches?: string[];
}

function requireRule(rule: unknown): DockerRule {
  if (!isRecord(rule)) throw badRule(rule, 'it is no object');
  const { names, name, args, action, includes, excludes } = rule;
  if (typeof action !== 'string') throw badRule(rule, 'it has no "action"');
  if (names !== undefined ? textsOf(names) === undefined : typeof name !== 'string') {
    throw badRule(rule, 'it names no calls');
  }
  if (args !== undefined && args !== null && !(Array.isArray(args) && args.every(isArgument))) {
    throw badRule(rule, 'its "args" are no conditions');
  }
  if (![includes, excludes].every(isCondition)) throw badRule(rule, 'no such condition');
  return rule as DockerRule;
}

function badRule(rule: unknown, reason: string): UsageError {
  return new UsageError('BAD_SECCOMP',
    `read rule "${JSON.stringify(rule)}" of the seccomp profile: ${reason}`);
}

function textsOf(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}

function isCondition(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return isRecord(value) && [value['caps'], value['arches']].every((list) =>
    list === undefined || list === null || textsOf(list) !== undefined);
}

function isArgument(value: unknown): value is SeccompArgument {
  if (!isRecord(value)) return false;
  const { index, op, value: first, valueTwo = 0 } = value;
  const isNumber = (one: unknown): boolean => Number.isInteger(one) && Number(one) >= 0;
  return isNumber(index) && Number(index) <= LAST_ARGUMENT && isNumber(first) && isNumber(valueTwo)
    && typeof op === 'string' && Object.hasOwn(OPERATORS, op);
}

function applies({ includes, excludes }: DockerRule, facts: ProfileFacts): boolean {
  const { architecture, capabilities } = facts;
  const has = (name: string): boolean => capabilities.includes(name);
  const isHere = includes?.arches?.includes(architecture) ?? true;
  const isExcluded = excludes?.arches?.includes(architecture) === true
    || excludes?.caps?.some(has) === true;
  return isHere && !isExcluded && (includes?.caps?.every(has) ?? true);
}

function runtimeRule({ name, names, action, errnoRet, args }: DockerRule): SeccompRule {
  return {
    names: names ?? (name === undefined ? [] : [name]),
    action: action as SeccompRule['action'],
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args === undefined || args === null ? {} : { args }),
  };
}
