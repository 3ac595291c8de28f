/**
 * registries.conf (version 2), its drop-ins and short-name aliases: read, merged and checked.
 * Which registry a name then means is decided in name-resolution.ts and pull-sources.ts.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { dropIns, TomlFiles, usersConfiguration } from './configuration-file.ts';
import type { RegistryRule } from './registry-rule.ts';
import { readRule } from './registry-rule.ts';

/** What all configuration files together say. */
export interface RegistriesConfig {
  readonly searchRegistries: readonly string[];
  /** Short name to full name. */
  readonly aliases: ReadonlyMap<string, string>;
  /** By prefix. */
  readonly rules: readonly RegistryRule[];
  /** Programs that keep credentials, asked before the auth files. */
  readonly credentialHelpers: readonly string[];
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

/** How `credential-helpers` writes that the auth files are looked into. */
const AUTH_FILES = 'containers-auth.json';
const FILES = new TomlFiles('BAD_REGISTRIES_CONF');
const NAMED = 'CONTAINERS_REGISTRIES_CONF';

/** Where to look up a short name if no file says so. */
const DEFAULT_SEARCH = ['docker.io'];

interface Merged {
  search: readonly string[] | undefined;
  aliases: Map<string, string>;
  rules: Map<string, RegistryRule>;
  helpers: readonly string[];
  mode: RegistriesConfig['shortNameMode'] | undefined;
}

/**
 * The merged configuration; missing files are no error. Throws UsageError naming the file, and
 * the line or key, for one that can't be understood: a typo must not unblock a registry.
 */
export function loadRegistriesConfig(places: RegistriesPlaces = {}): RegistriesConfig {
  const merged: Merged = {
    search: undefined,
    aliases: new Map(),
    rules: new Map(),
    helpers: [],
    mode: undefined,
  };
  const files = configFiles(places);
  for (const file of files) mergeFile(merged, file);
  return {
    searchRegistries: merged.search ?? DEFAULT_SEARCH,
    aliases: merged.aliases,
    rules: [...merged.rules.values()],
    credentialHelpers: merged.helpers.filter((name) => name !== AUTH_FILES),
    shortNameMode: merged.mode ?? 'permissive',
    files: files.map(({ path }) => path),
  };
}

interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The main file (the user's replaces the system's), then drop-ins, then recorded aliases. Each is
 * read once, because the named one may be a pipe.
 */
function configFiles(places: RegistriesPlaces): ConfigFile[] {
  const environment = places.environment ?? process.env;
  const system = places.systemDirectory ?? '/etc/containers';
  const home = environment['HOME'] ?? homedir();
  const user = usersConfiguration(environment);
  const cache = join(environment['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'containers');
  const main = namedFile(environment[NAMED])
    ?? readUsual(join(user, 'registries.conf')) ?? readUsual(join(system, 'registries.conf'));
  const others = [
    ...dropIns(join(system, 'registries.conf.d')),
    ...dropIns(join(user, 'registries.conf.d')),
    join(cache, 'short-name-aliases.conf'),
  ];
  return [main, ...others.map(readUsual)].filter((file) => file !== undefined);
}

function namedFile(path: string | undefined): ConfigFile | undefined {
  if (path === undefined || path === '') return undefined;
  const text = FILES.read(path, true);
  if (text === undefined) throw FILES.error(path, 'no such file');
  return { path, text };
}

function readUsual(path: string): ConfigFile | undefined {
  const text = FILES.read(path);
  return text === undefined ? undefined : { path, text };
}

function mergeFile(merged: Merged, { path, text }: ConfigFile): void {
  const document = FILES.parse(path, text);
  if (document['registries'] !== undefined) {
    throw FILES.error(path, 'version 1 of the format ([registries.search]) is not read');
  }
  const search = document['unqualified-search-registries'];
  if (search !== undefined)
    merged.search = stringList(search, { path, key: 'unqualified-search-registries' });
  const helpers = document['credential-helpers'];
  if (helpers !== undefined)
    merged.helpers = stringList(helpers, { path, key: 'credential-helpers' });
  const mode = document['short-name-mode'];
  if (mode !== undefined) merged.mode = shortNameMode(mode, path);
  for (const [name, value] of Object.entries(
    asTable(document['aliases'] ?? {}, { path, key: 'aliases' }),
  )) {
    if (typeof value !== 'string') throw FILES.error(path, `alias "${name}" is not text`);
    // An empty alias removes one from an earlier file.
    if (value === '') merged.aliases.delete(name);
    else merged.aliases.set(name, value);
  }
  const registries = document['registry'] ?? [];
  if (!Array.isArray(registries))
    throw FILES.error(path, '"registry" must be written [[registry]]');
  for (const table of registries) {
    const rule = readRule(asTable(table, { path, key: 'registry' }), path);
    merged.rules.set(rule.prefix, rule);
  }
}

function shortNameMode(value: unknown, path: string): RegistriesConfig['shortNameMode'] {
  if (value === 'enforcing' || value === 'permissive' || value === 'disabled') return value;
  throw FILES.error(path, 'short-name-mode must be enforcing, permissive or disabled');
}

function asTable(
  value: unknown,
  { path, key }: { path: string; key: string },
): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw FILES.error(path, `"${key}" is not a table`);
}

function stringList(value: unknown, { path, key }: { path: string; key: string }): string[] {
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) {
    return value;
  }
  throw FILES.error(path, `"${key}" is not a list of names`);
}
