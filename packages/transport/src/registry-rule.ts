/** One [[registry]] of registries.conf: which names it covers and where they are really kept. */
import { UsageError } from '@berth/errors';

/** A copy of a registry, asked before it. */
export interface MirrorRule {
  readonly location: string;
  readonly isInsecure: boolean;
  readonly serves: 'all' | 'digest-only' | 'tag-only';
}

/** What is configured for the names below `prefix`. */
export interface RegistryRule {
  /** `HOST[:PORT][/PATH]`, or `*.DOMAIN`. */
  readonly prefix: string;
  /** Replaces the prefix in the name that is asked for; '' leaves it. */
  readonly location: string;
  readonly isInsecure: boolean;
  readonly isBlocked: boolean;
  readonly mirrors: readonly MirrorRule[];
}

type Table = Readonly<Record<string, unknown>>;

/** The rule in a [[registry]] table of the file at `path`. Throws UsageError for a wrong key. */
export function readRule(table: Table, path: string): RegistryRule {
  const location = readText(table, { key: 'location', path });
  const prefix = readText(table, { key: 'prefix', path }) || location;
  if (prefix === '') throw ruleError(path, 'a [[registry]] needs a prefix or a location');
  if (location === '' && !prefix.startsWith('*.')) {
    throw ruleError(path, `registry "${prefix}" needs a location`);
  }
  if (prefix.includes('*') && !/^\*\.[^*/]+$/.test(clean(prefix))) {
    throw ruleError(path, `prefix "${prefix}": a star stands for hosts, as in "*.example.com"`);
  }
  const digestOnly = readFlag(table, { key: 'mirror-by-digest-only', path });
  const mirrors = table['mirror'] ?? [];
  if (!Array.isArray(mirrors))
    throw ruleError(path, '"mirror" must be written [[registry.mirror]]');
  return {
    prefix: clean(prefix),
    location: clean(location),
    isInsecure: readFlag(table, { key: 'insecure', path }),
    isBlocked: readFlag(table, { key: 'blocked', path }),
    mirrors: mirrors.map((mirror: unknown) => readMirror(mirror as Table, { path, digestOnly })),
  };
}

function readMirror(
  table: Table,
  { path, digestOnly }: { path: string; digestOnly: boolean },
): MirrorRule {
  const location = readText(table, { key: 'location', path });
  if (location === '') throw ruleError(path, 'a mirror needs a location');
  const serves =
    readText(table, { key: 'pull-from-mirror', path }) || (digestOnly ? 'digest-only' : 'all');
  if (serves !== 'all' && serves !== 'digest-only' && serves !== 'tag-only') {
    throw ruleError(path, 'pull-from-mirror must be all, digest-only or tag-only');
  }
  return {
    location: clean(location),
    isInsecure: readFlag(table, { key: 'insecure', path }),
    serves,
  };
}

function clean(location: string): string {
  return location.replace(/\/+$/, '');
}

function readText(table: Table, { key, path }: { key: string; path: string }): string {
  const value = table[key] ?? '';
  if (typeof value !== 'string') throw ruleError(path, `"${key}" is not text`);
  if (/^https?:\/\//.test(value))
    throw ruleError(path, `"${key}" is a name without http:// or https://`);
  return value;
}

function readFlag(table: Table, { key, path }: { key: string; path: string }): boolean {
  const value = table[key] ?? false;
  if (typeof value !== 'boolean') throw ruleError(path, `"${key}" is neither true nor false`);
  return value;
}

function ruleError(path: string, reason: string): UsageError {
  return new UsageError('BAD_REGISTRIES_CONF', `read "${path}": ${reason}`);
}
