/**
 * registries.conf (version 2), its drop-ins and short-name aliases: read, merged and checked.
 * Which registry a name then means is decided in name-resolution.ts and pull-sources.ts.
 */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@berth/errors';
import { parse } from 'smol-toml';
import { readIfPresent, usersConfiguration } from './configuration-file.ts';
import type { RegistryRule } from './registry-rule.ts';
import { readRule } from './registry-rule.ts';

/** What all configuration files together say. */
export interface RegistriesConfig {
  readonly searchRegistries: readonly string[];
  /** Short name to full name. */
  readonly aliases: ReadonlyMap<string, string>;
  /** By prefix. */
  readonly rules: readonly RegistryRule[];
  /** `enforcing`: a short name that could mean several registries is refused. */
  readonly shortNameMode: 'enforcing' | 'permissive' | 'disabled';
  /** The files that were read, in order. */
  readonly files: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the files are; tests give their own `systemDirectory`. */
export interface RegistriesPlaces {
  readonly environment?: Environment | undefined;
  /** Default: /etc/containers. */
  readonly systemDirectory?: string | undefined;
}

/** What a short name is looked up in when no file says. */
const DEFAULT_SEARCH = ['docker.io'];

interface Merged {
  search: readonly string[] | undefined;
  aliases: Map<string, string>;
  rules: Map<string, RegistryRule>;
  mode: RegistriesConfig['shortNameMode'] | undefined;
}

/**
 * The merged configuration; missing files are no error. Throws UsageError naming the file, and
 * the line or key, for one that cannot be understood: a typo must not unblock a registry.
 */
export function loadRegistriesConfig(places: RegistriesPlaces = {}): RegistriesConfig {
  const merged: Merged = {
    search: undefined,
    aliases: new Map(),
    rules: new Map(),
    mode: undefined,
  };
  const files: string[] = [];
  for (const path of configPaths(places)) {
    const text = readOptional(path);
    if (text === undefined) continue;
    files.push(path);
    mergeFile(merged, { path, text });
  }
  return {
    searchRegistries: merged.search ?? DEFAULT_SEARCH,
    aliases: merged.aliases,
    rules: [...merged.rules.values()],
    shortNameMode: merged.mode ?? 'permissive',
    files,
  };
}

/** The main file (the user's replaces the system's), then drop-ins, then recorded aliases. */
function configPaths(places: RegistriesPlaces): string[] {
  const environment = places.environment ?? process.env;
  const system = places.systemDirectory ?? '/etc/containers';
  const home = environment['HOME'] ?? homedir();
  const user = usersConfiguration(environment);
  const cache = join(environment['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'containers');
  const named = environment['CONTAINERS_REGISTRIES_CONF'];
  const mains =
    named === undefined || named === ''
      ? [join(user, 'registries.conf'), join(system, 'registries.conf')]
      : [named];
  const main = mains.find((path) => readOptional(path) !== undefined);
  if (main === undefined && named !== undefined && named !== '') {
    throw configError(named, 'no such file');
  }
  return [
    ...(main === undefined ? [] : [main]),
    ...dropIns(join(system, 'registries.conf.d')),
    ...dropIns(join(user, 'registries.conf.d')),
    join(cache, 'short-name-aliases.conf'),
  ];
}

function dropIns(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function readOptional(path: string): string | undefined {
  try {
    return readIfPresent(path);
  } catch (error) {
    throw configError(path, error instanceof Error ? error.message : String(error));
  }
}

function mergeFile(merged: Merged, { path, text }: { path: string; text: string }): void {
  const document = parseToml(path, text);
  if (document['registries'] !== undefined) {
    throw configError(path, 'version 1 of the format ([registries.search]) is not read');
  }
  const search = document['unqualified-search-registries'];
  if (search !== undefined)
    merged.search = stringList(search, { path, key: 'unqualified-search-registries' });
  const mode = document['short-name-mode'];
  if (mode !== undefined) merged.mode = shortNameMode(mode, path);
  for (const [name, value] of Object.entries(
    asTable(document['aliases'] ?? {}, { path, key: 'aliases' }),
  )) {
    if (typeof value !== 'string') throw configError(path, `alias "${name}" is not text`);
    // An empty alias takes back one from an earlier file.
    if (value === '') merged.aliases.delete(name);
    else merged.aliases.set(name, value);
  }
  const registries = document['registry'] ?? [];
  if (!Array.isArray(registries))
    throw configError(path, '"registry" must be written [[registry]]');
  for (const table of registries) {
    const rule = readRule(asTable(table, { path, key: 'registry' }), path);
    merged.rules.set(rule.prefix, rule);
  }
}

function parseToml(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (cause) {
    const line = cause instanceof Error && 'line' in cause ? ` (line ${String(cause.line)})` : '';
    throw configError(path, `not valid TOML${line}`, cause);
  }
}

function shortNameMode(value: unknown, path: string): RegistriesConfig['shortNameMode'] {
  if (value === 'enforcing' || value === 'permissive' || value === 'disabled') return value;
  throw configError(path, 'short-name-mode must be enforcing, permissive or disabled');
}

function asTable(
  value: unknown,
  { path, key }: { path: string; key: string },
): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw configError(path, `"${key}" is not a table`);
}

function stringList(value: unknown, { path, key }: { path: string; key: string }): string[] {
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) {
    return value;
  }
  throw configError(path, `"${key}" is not a list of names`);
}

function configError(path: string, reason: string, cause?: unknown): UsageError {
  return new UsageError('BAD_REGISTRIES_CONF', `read "${path}": ${reason}`, { cause });
}
