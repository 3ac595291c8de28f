/** The flags of `run` and `create` as the request that the engine carries out. */
import type { ContainerRequest } from '@berth/engine';
import { UnsupportedError, UsageError } from '@berth/errors';
import { absolutePath } from '../current-folder.ts';
import type { CONTAINER_FLAGS } from '../flags/container-flags.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ContainerDefaults } from './configured-flags.ts';
import { parseEnvironment, parseLabels } from './environment.ts';
import { parseLimits } from './limits.ts';
import { parseLog } from './log.ts';
import { parseImageVolumes, parseMount, parseTmpfs, parseVolume } from './mounts.ts';
import { checkedDomain, checkedHost, checkedNameserver } from './names.ts';
import { parseCgroups, parseNamespace, parseNetwork } from './namespaces.ts';
import { parseExpose, parsePublish } from './ports.ts';
import {
  checkedGroups,
  parseEntrypoint,
  parseOomScore,
  parsePersonality,
  parseRootFolder,
  parseSdNotify,
  parseTimeLimit,
  parseUmask,
} from './process.ts';
import { preservedByRun, socketVariables } from './preserved.ts';
import { parseDevice, parseSecurity, parseSysctls, parseUlimit } from './security.ts';
import { parseUserNamespace } from './user-namespace.ts';
import { parseOptionalSize } from './size.ts';

type Flags = FlagValues<typeof CONTAINER_FLAGS>;
type Part = Partial<ContainerRequest>;

/** The request. Throws UsageError and UnsupportedError for flags that make no sense. */
export function containerRequest(
  flags: Flags,
  [image = '', ...command]: readonly string[],
  defaults: ContainerDefaults = {},
): ContainerRequest {
  refuseUnsupportedValues(flags);
  return {
    image,
    rootFolder: flags.rootfs ? parseRootFolder(image) : undefined,
    command,
    createCommand: ['berth', ...typedWords()],
    ...identity(flags),
    ...processOf(flags),
    ...files(flags),
    ...network(flags),
    ...isolation(flags),
    resources: parseLimits(flags),
    cgroupParent: cgroupParent(flags),
    log: parseLog(flags['log-driver'], flags['log-opt']),
    ...defaults,
  };
}

/** Refuses values that Podman accepts for things that Berth does not have. */
function refuseUnsupportedValues(flags: Flags): void {
  const refuse = (flag: string, value: string, hint: string): never => {
    throw new UnsupportedError('UNSUPPORTED_FLAG', `use --${flag} "${value}": not supported`, {
      hint,
    });
  };
  const { restart = 'no', systemd = 'true', 'seccomp-policy': policy = 'default' } = flags;
  if (restart !== 'no' && restart !== '') {
    const unit = 'systemd-run --user -p Restart=always berth run …';
    refuse('restart', restart, `leave it to systemd: ${unit}`);
  }
  if (!['true', 'false'].includes(systemd)) refuse('systemd', systemd, 'leave the flag out');
  if (policy !== 'default') {
    refuse('seccomp-policy', policy, 'name the profile: --security-opt seccomp=FILE');
  }
}

function cgroupParent({ 'cgroup-parent': parent, cgroups }: Flags): string | undefined {
  if (parent === undefined || parent === '') return undefined;
  if (cgroups === 'disabled' || cgroups === 'split') {
    throw new UsageError('CGROUP_TWICE', `read --cgroup-parent: it excludes --cgroups=${cgroups}`);
  }
  return parent;
}

function identity(flags: Flags) {
  if (flags.replace && flags.name === undefined) {
    throw new UsageError('REPLACE_WITHOUT_NAME', 'read --replace: it needs --name');
  }
  return {
    // Scripts may pass an empty name.
    name: flags.name === '' ? undefined : flags.name,
    replace: flags.replace,
    remove: flags.rm,
    labels: parseLabels(flags.label, flags['label-file'], 'label'),
    annotations: parseLabels(flags.annotation, [], 'annotation'),
    cidFile: pathOf(flags.cidfile),
    pidFile: pathOf(flags.pidfile),
    supervisorPidFile: pathOf(flags['conmon-pidfile']),
    sdNotify: parseSdNotify(flags.sdnotify),
  } satisfies Part;
}

function pathOf(typed: string | undefined): string | undefined {
  // Scripts may pass an empty path.
  return typed === undefined || typed === '' ? undefined : absolutePath(typed);
}

function processOf(flags: Flags) {
  return {
    entrypoint: parseEntrypoint(flags.entrypoint),
    interactive: flags.interactive,
    tty: flags.tty,
    environment: environment(flags),
    environmentMerge: flags['env-merge'],
    unsetEnvironment: flags.unsetenv,
    unsetAllEnvironment: flags['unsetenv-all'],
    workingDirectory: flags.workdir,
    user: flags.user,
    groupAdd: checkedGroups(flags['group-add']),
    init: flags.init,
    stopSignal: flags['stop-signal'],
    stopTimeoutSeconds: flags['stop-timeout'],
    timeoutSeconds: parseTimeLimit(flags.timeout),
    umask: parseUmask(flags.umask),
    personality: parsePersonality(flags.personality),
    timezone: flags.tz,
    oomScoreAdjust: parseOomScore(flags['oom-score-adj']),
    preserveDescriptors: preservedDescriptors(flags),
  } satisfies Part;
}

/** The count reaches to the highest: the plan counts from 3, and gaps become /dev/null. */
function preservedDescriptors(flags: Flags): number {
  const highest = preservedByRun(flags['preserve-fds'], flags['preserve-fd']).at(-1);
  return highest === undefined ? 0 : highest - 2;
}

function environment(flags: Flags): string[] {
  const asked = {
    env: flags.env,
    files: flags['env-file'],
    passAll: flags['env-host'],
    passProxy: flags['http-proxy'],
  };
  return [...socketVariables(), ...parseEnvironment(asked, process.env)];
}

function files(flags: Flags) {
  return {
    mounts: [
      ...flags.mount.map(parseMount),
      ...[...new Set(flags.volume)].map(parseVolume),
      ...[...new Set(flags.tmpfs)].map(parseTmpfs),
    ],
    volumesFrom: flags['volumes-from'],
    imageVolumes: parseImageVolumes(flags['image-volume']),
    readOnly: flags['read-only'],
    readOnlyTmpfs: flags['read-only-tmpfs'],
    shmSizeBytes: parseOptionalSize(flags['shm-size'], 'shm-size'),
    devices: flags.device.map(parseDevice),
  } satisfies Part;
}

function network(flags: Flags) {
  return {
    hostname: flags.hostname === '' ? undefined : flags.hostname,
    network: parseNetwork(flags.network),
    ports: flags.publish.map(parsePublish),
    publishAll: flags['publish-all'],
    expose: flags.expose.map(parseExpose),
    addHosts: flags['add-host'].map(checkedHost),
    dns: flags.dns.map(checkedNameserver),
    dnsSearch: flags['dns-search'].map(checkedDomain),
    dnsOptions: flags['dns-option'],
    noHosts: flags['no-hosts'],
    hostsFile: hostsFile(flags['hosts-file']),
    noHostname: flags['no-hostname'],
  } satisfies Part;
}

/** The typed words, without those that native/src/kept-files.c puts before them. */
function typedWords(): string[] {
  const words = process.argv.slice(2);
  return words[0] === '--' ? words.slice(1) : words;
}

/** The file is read when the container is made. */
function hostsFile(typed: string | undefined): string | undefined {
  if (typed === 'image') {
    throw new UnsupportedError('HOSTS_OF_IMAGE', 'read --hosts-file "image": not supported', {
      hint: 'leave the flag out, or name a file of this machine',
    });
  }
  if (typed === undefined) return undefined;
  return typed === 'none' ? '/dev/null' : absolutePath(typed);
}

function isolation(flags: Flags) {
  return {
    capAdd: flags['cap-add'],
    capDrop: flags['cap-drop'],
    privileged: flags.privileged,
    security: parseSecurity(flags['security-opt']),
    ulimits: flags.ulimit.map(parseUlimit),
    sysctls: parseSysctls(flags.sysctl),
    pid: parseNamespace('pid', flags.pid, ['private', 'host', 'container', 'path']),
    ipc: parseNamespace('ipc', flags.ipc ?? 'shareable', [
      'private',
      'shareable',
      'host',
      'none',
      'container',
      'path',
    ]),
    uts: parseNamespace('uts', flags.uts, ['private', 'host', 'container', 'path']),
    cgroupns: parseNamespace('cgroupns', flags.cgroupns, ['private', 'host', 'container', 'path']),
    userns: parseUserNamespace(flags),
    accounts: {
      write: flags.passwd,
      passwdEntry: flags['passwd-entry'],
      groupEntry: flags['group-entry'],
      hostUsers: flags.hostuser,
    },
    cgroups: parseCgroups(flags.cgroups),
    staysWithCaller: flags.cgroups === 'no-conmon',
  } satisfies Part;
}
