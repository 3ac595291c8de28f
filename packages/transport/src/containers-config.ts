/**
 * containers.conf(5): defaults for new containers. Only keys that Berth supports are read; all
 * others are for other programs and are ignored.
 */
import { join } from 'node:path';
import { dropIns, TomlFiles, usersConfiguration } from './configuration-file.ts';

const FILES = new TomlFiles('BAD_CONTAINERS_CONF');

const KEYS = {
  containers: {
    annotations: 'list', base_hosts_file: 'text', cgroupns: 'text', cgroups: 'text',
    default_capabilities: 'list', default_sysctls: 'list', default_ulimits: 'list',
    devices: 'list', dns_options: 'list', dns_searches: 'list', dns_servers: 'list', env: 'list',
    env_host: 'flag', http_proxy: 'flag', init: 'flag', ipcns: 'text', log_driver: 'text',
    log_size_max: 'number', log_tag: 'text', mounts: 'list', netns: 'text', no_hosts: 'flag',
    oom_score_adj: 'number', pidns: 'text', pids_limit: 'number', privileged: 'flag',
    read_only: 'flag', seccomp_profile: 'text', shm_size: 'text',
    tz: 'text', umask: 'text', userns: 'text', utsns: 'text', volumes: 'list',
  },
  engine: {
    detach_keys: 'text', image_volume_mode: 'text', network_cmd_options: 'list',
    pull_policy: 'text', stop_timeout: 'number',
  },
  network: { default_rootless_network_cmd: 'text', pasta_options: 'list' },
} as const;

type Types = { list: string[]; text: string; flag: boolean; number: number };
type Kinds = typeof KEYS;
type Section<S> = { readonly [K in keyof S]?: Types[S[K] & keyof Types] };

/** The content of all files together; keys in none of them are absent. */
export type ContainersConfig = { readonly [S in keyof Kinds]: Section<Kinds[S]> };

/** Where the files are; tests give folders of their own. */
export interface ContainersConfigPlaces {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Later folders have priority; the user's come after all of them. */
  readonly systemFolders?: readonly string[];
}

const SYSTEM_FOLDERS = ['/usr/share/containers', '/etc/containers'];

type Values = Record<keyof Kinds, Record<string, unknown>>;

/**
 * The merged files; undefined where there is none. Throws UsageError naming the file, and the key
 * whose value makes no sense.
 */
export function loadContainersConfig(
  places: ContainersConfigPlaces = {},
): ContainersConfig | undefined {
  const named = namedFiles(places);
  const files = configFiles(places).flatMap((path) => {
    const text = FILES.read(path, named.includes(path));
    if (text === undefined && path === named[0]) throw FILES.error(path, 'no such file');
    return text === undefined ? [] : [{ path, text }];
  });
  if (files.length === 0) return undefined;
  const merged: Values = { containers: {}, engine: {}, network: {} };
  for (const file of files) merge(merged, file);
  return merged as ContainersConfig;
}

/** The variables, files and folders that decide the configuration, whether they exist or not. */
export const CONTAINERS_CONFIG_VARIABLES = ['CONTAINERS_CONF', 'CONTAINERS_CONF_OVERRIDE'];

/** See CONTAINERS_CONFIG_VARIABLES. */
export function containersConfigPaths(): string[] {
  const folders = foldersOf({}).map((folder) => join(folder, 'containers.conf.d'));
  return [...configFiles({}), ...folders];
}

function foldersOf({ environment = process.env, systemFolders }: ContainersConfigPlaces): string[] {
  return [...systemFolders ?? SYSTEM_FOLDERS, usersConfiguration(environment)];
}

/** The possible files; each has priority over those before it. They are read once: as pipes are. */
function configFiles(places: ContainersConfigPlaces): string[] {
  const [named = '', last = ''] = namedFiles(places);
  const usual = foldersOf(places).flatMap((folder) =>
    [join(folder, 'containers.conf'), ...dropIns(join(folder, 'containers.conf.d'))]);
  return [...(named === '' ? usual : [named]), ...(last === '' ? [] : [last])];
}

function namedFiles({ environment = process.env }: ContainersConfigPlaces): string[] {
  return CONTAINERS_CONFIG_VARIABLES.map((name) => environment[name] ?? '');
}

function merge(merged: Values, { path, text }: { path: string; text: string }): void {
  const document = FILES.parse(path, text);
  for (const [section, keys] of Object.entries(KEYS)) {
    const table = document[section];
    if (typeof table !== 'object' || table === null) continue;
    const values = merged[section as keyof Kinds];
    for (const [key, kind] of Object.entries(keys)) {
      const value = (table as Record<string, unknown>)[key];
      if (value === undefined) continue;
      const read = kind === 'list' ? listOf(value, values[key]) : plain(kind, value);
      if (read === undefined) throw FILES.error(path, `"${key}" is no ${WORDS[kind]}`);
      values[key] = read;
    }
  }
}

const WORDS = { list: 'list of texts', text: 'text', flag: 'true or false', number: 'number' };

function plain(kind: Exclude<keyof Types, 'list'>, value: unknown): unknown {
  const type = { text: 'string', flag: 'boolean', number: 'number' }[kind];
  return typeof value === type ? value : undefined;
}

/** A list with `{append=true}` is added to that of earlier files. */
function listOf(value: unknown, before: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const attributes = value.filter((item) => typeof item === 'object');
  const texts = value.filter((item) => typeof item === 'string');
  if (texts.length + attributes.length < value.length) return undefined;
  const appends = attributes.some((item) => (item as { append?: unknown } | null)?.append === true);
  return [...(appends && Array.isArray(before) ? before as string[] : []), ...texts];
}
