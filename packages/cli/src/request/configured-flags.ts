/**
 * The flags of `run` and `create`; if a flag was not typed, its value comes from containers.conf.
 */
import {
  loadContainersConfig, type ContainersConfig,
} from '@berth/engine/containers/configuration';
import type { NetworkRequest } from '@berth/engine';
import type { CONTAINER_FLAGS } from '../flags/container-flags.ts';
import type { FlagValues } from '../flags/flag.ts';
import { parseNetwork } from './namespaces.ts';
import { withTyped } from './pasta-options.ts';

type Flags = FlagValues<typeof CONTAINER_FLAGS>;
type Some = { [N in keyof Flags]?: Flags[N] | undefined };

/** Settings that no flag can express: defaults that the image's own values override. */
export interface ContainerDefaults {
  environmentDefaults?: string[];
  defaultCapabilities?: string[] | undefined;
  network?: NetworkRequest;
}

/** The flags that were typed, with values that containers.conf adds. */
export interface Configured<T> {
  flags: T;
  /** Long names of the flags that the files give a value for. */
  names: readonly string[];
  defaults: ContainerDefaults;
  detachKeys: string | undefined;
}

/**
 * The flags with the values of containers.conf. Throws UsageError for a file with invalid values.
 */
export function configuredFlags<T extends Flags>(
  flags: T,
  given: ReadonlySet<string>,
): Configured<T> {
  const config = loadContainersConfig();
  if (config === undefined) return { flags, names: [], defaults: {}, detachKeys: undefined };
  const single = Object.entries({ ...values(config), ...namespaces(config, given) })
    .filter(([name, value]) => value !== undefined && !given.has(name));
  const listed = Object.entries(lists(config, flags)).filter(([name, value]) =>
    (value as string[]).length > (flags[name as keyof Flags] as string[]).length);
  const added = [...single, ...listed];
  const all: T = { ...flags, ...Object.fromEntries(added) };
  return {
    flags: all,
    names: added.map(([name]) => name),
    defaults: {
      environmentDefaults: (config.containers.env ?? []).filter((entry) => entry.includes('=')),
      defaultCapabilities: config.containers.default_capabilities,
      ...helperOptions(config, all),
    },
    detachKeys: config.engine.detach_keys,
  };
}

/** Values that apply where the flag was not given. */
function values({ containers, engine }: ContainersConfig): Some {
  const { base_hosts_file: hosts, pids_limit: pids, log_driver: driver } = containers;
  return {
    cgroups: containers.cgroups,
    dns: containers.dns_servers,
    'dns-option': containers.dns_options,
    'dns-search': containers.dns_searches,
    'env-host': containers.env_host,
    'hosts-file': hosts === '' || hosts === 'image' ? undefined : hosts,
    'http-proxy': containers.http_proxy,
    'image-volume': engine.image_volume_mode,
    init: containers.init,
    // `journald` is not supported and is ignored; the other default is what is written anyway.
    'log-driver': driver === 'json-file' || driver === 'none' ? driver : undefined,
    'no-hosts': containers.no_hosts,
    'oom-score-adj': containers.oom_score_adj,
    'pids-limit': pids === 0 ? -1 : pids,
    privileged: containers.privileged,
    pull: engine.pull_policy,
    'read-only': containers.read_only,
    'shm-size': containers.shm_size,
    'stop-timeout': engine.stop_timeout,
    tz: containers.tz === '' ? undefined : containers.tz,
    umask: containers.umask,
  };
}

const USER_NAMESPACE = ['userns', 'uidmap', 'gidmap', 'subuidname', 'subgidname'];

function namespaces(
  { containers, network: { default_rootless_network_cmd: helper } }: ContainersConfig,
  given: ReadonlySet<string>,
): Some {
  const { userns, netns = 'private' } = containers;
  const isOwn = ['', 'private', 'bridge'].includes(netns);
  const hasUsers = USER_NAMESPACE.some((name) => given.has(name));
  return {
    cgroupns: containers.cgroupns,
    ipc: containers.ipcns,
    // pasta is the default already where it is installed.
    network: isOwn ? (helper === 'slirp4netns' ? helper : undefined) : netns,
    pid: containers.pidns,
    userns: hasUsers ? undefined : userns,
    uts: containers.utsns,
  };
}

/** Options for the program that connects the container; they come before the typed ones. */
function helperOptions(
  { engine, network }: ContainersConfig,
  flags: Flags,
): Pick<ContainerDefaults, 'network'> {
  const wanted = parseNetwork(flags.network);
  const kind = wanted.kind === 'default' ? 'pasta' : wanted.kind;
  const options = kind === 'pasta' ? network.pasta_options
    : kind === 'slirp4netns' ? engine.network_cmd_options : undefined;
  if (options === undefined || options.length === 0) return {};
  const all = kind === 'pasta'
    ? withTyped(options, wanted.options) : [...options, ...wanted.options];
  return { network: { ...wanted, kind, options: all } };
}

/** Values for flags that may be repeated; they come before the typed ones. */
function lists({ containers }: ContainersConfig, flags: Flags): Some {
  const { log_size_max: size = 0, log_tag: tag, seccomp_profile: seccomp = '' } = containers;
  const isConfined = seccomp !== '' && !flags.privileged && containers.privileged !== true;
  return {
    annotation: [...containers.annotations ?? [], ...flags.annotation],
    device: [...containers.devices ?? [], ...flags.device],
    'log-opt': [
      ...(size > 0 ? [`max-size=${size}`] : []),
      ...(tag === undefined || tag === '' ? [] : [`tag=${tag}`]),
      ...flags['log-opt'],
    ],
    mount: [...containers.mounts ?? [], ...flags.mount],
    'security-opt': [...(isConfined ? [`seccomp=${seccomp}`] : []), ...flags['security-opt']],
    sysctl: [...sysctls(containers.default_sysctls ?? [], flags), ...flags.sysctl],
    ulimit: [...containers.default_ulimits ?? [], ...flags.ulimit],
    volume: [...containers.volumes ?? [], ...flags.volume],
  };
}

/**
 * The sysctls to set. Left out are Berth's own default, and those of the network where the
 * container has no network of its own.
 */
function sysctls(entries: readonly string[], { network = '' }: Flags): string[] {
  const isShared = /^(host|container:|ns:)/.test(network);
  return entries.filter((entry) =>
    !/^net\.ipv4\.ping_group_range ?= ?0 0$/.test(entry) && !(isShared && /^net[./]/.test(entry)));
}
