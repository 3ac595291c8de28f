/**
 * Where the image of a full name is fetched from: the mirrors and the location that
 * registries.conf gives for it, in the order to try. Pure.
 */
import { UsageError } from '@berth/errors';
import type { RegistriesConfig } from './registries-config.ts';
import type { RegistryRule } from './registry-rule.ts';

/** One place that may have the image. */
export interface PullSource {
  /** Host with port. */
  readonly registry: string;
  readonly repository: string;
  readonly isInsecure: boolean;
  readonly isMirror: boolean;
}

/** A full name in parts. */
export interface FullName {
  readonly registry: string;
  readonly repository: string;
  readonly hasDigest: boolean;
}

/** The places to try for `name`: mirrors first. Throws UsageError when it is blocked. */
export function pullSources(name: FullName, config: RegistriesConfig): PullSource[] {
  const full = `${name.registry}/${name.repository}`;
  const rule = allowingRule('pull', full, config);
  if (rule === undefined) return [sourceAt(full, { isInsecure: false, isMirror: false })];
  const mirrors = rule.mirrors
    .filter(({ serves }) => serves === 'all' || (serves === 'digest-only') === name.hasDigest)
    .map((mirror) =>
      sourceAt(relocate(full, { prefix: rule.prefix, location: mirror.location }), {
        isInsecure: mirror.isInsecure,
        isMirror: true,
      }),
    );
  const own = sourceAt(relocate(full, rule), { isInsecure: rule.isInsecure, isMirror: false });
  return [...mirrors, own];
}

/** The rule for `full`, if there is one. Throws UsageError when it blocks that. */
export function allowingRule(
  verb: 'pull' | 'push',
  full: string,
  config: RegistriesConfig,
): RegistryRule | undefined {
  const rule = findRule(full, config.rules);
  if (rule?.isBlocked !== true) return rule;
  throw new UsageError(
    'REGISTRY_BLOCKED',
    `${verb} "${full}": registries.conf blocks "${rule.prefix}"`,
    { hint: `look for prefix "${rule.prefix}" in ${config.files.join(', ')}` },
  );
}

/** The rule whose prefix covers `full` and is longest, or undefined. */
export function findRule(full: string, rules: readonly RegistryRule[]): RegistryRule | undefined {
  return rules
    .filter(({ prefix }) => covers(prefix, full))
    .sort((first, second) => second.prefix.length - first.prefix.length)[0];
}

function covers(prefix: string, full: string): boolean {
  if (!prefix.startsWith('*.')) {
    // `example.com/foo` covers `example.com/foo/bar` but not `example.com/foobar`.
    return full === prefix || full.startsWith(`${prefix}/`);
  }
  const host = full.split('/', 1)[0] ?? '';
  return host.replace(/:\d+$/, '').endsWith(prefix.slice(1)) || host.endsWith(prefix.slice(1));
}

function relocate(
  full: string,
  { prefix, location }: { prefix: string; location: string },
): string {
  if (location === '') return full;
  if (prefix.startsWith('*.')) {
    const slash = full.indexOf('/');
    return `${location}${full.slice(slash)}`;
  }
  return `${location}${full.slice(prefix.length)}`;
}

function sourceAt(full: string, flags: { isInsecure: boolean; isMirror: boolean }): PullSource {
  const slash = full.indexOf('/');
  return { registry: full.slice(0, slash), repository: full.slice(slash + 1), ...flags };
}
