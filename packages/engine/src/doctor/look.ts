/**
 * Collects the facts of this machine for `doctor`. It tries a feature itself if that changes
 * nothing.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  allSubordinateIds, commonIds, fileSystemName, findMapHelpers, findMount, findProgram, findRootIds,
  findSubordinateIds, freeIds, probeHost, readAccounts, systemErrorFrom, textIfThere,
} from '@berth/host';
import {
  delegatedControllers, enterArguments, hasSystemdSession, idMapKey, nativeHelper, programFile,
  ROOT_COMMANDS, runHelper, type EnterSettings,
} from '@berth/isolation';
import { enterSettings, oneIdMap, type Engine } from '../engine.ts';
import type { DoctorFacts, PackageManager } from './facts.ts';
import { limitFacts } from './look-limits.ts';

/** The facts as they are now. Nothing is changed, except that the run folder is made. */
export function lookAround(engine: Engine): DoctorFacts {
  const { account } = engine;
  const host = probeHost();
  const ids = idFacts(engine);
  return {
    account,
    hasAccount: account.name !== String(account.uid),
    forRoot: engine.forRoot,
    packageManager: packageManager(),
    kernel: {
      version: host.kernel,
      release: host.kernelRelease,
      builtAtMs: builtAtMs(textIfThere('/proc/version')),
      nowMs: Date.now(),
    },
    namespace: engine.namespace,
    userNamespaces: {
      refusal: refusalToEnter(engine),
      allowed: host.unprivilegedUserNamespaces ?? undefined,
      maximum: host.maxUserNamespaces,
      appArmorRestricts: host.appArmorRestricts,
      helper: nativeHelper(),
    },
    ids,
    network: networkFacts(engine),
    cgroups: cgroupFacts(engine),
    session: sessionFacts(engine),
    limits: limitFacts(engine, ids.uids),
    store: storeFacts(engine, host.hasOverlay),
    program: { path: programFile(), mount: findMount(programFile()) },
    isolation: {
      hasSeccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
      seLinuxEnforces: textIfThere('/sys/fs/selinux/enforce').trim() === '1',
      isProcMasked: engine.isProcMasked,
    },
  };
}

/** Why a process can't become root of the user's namespace; undefined when it can. */
function refusalToEnter(engine: Engine): string | undefined {
  try {
    const settings = { ...settingsToEnter(engine), withoutNamespace: false };
    runHelper(enterArguments(settings, [nativeHelper(), 'version']));
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

/** A store that can't be read says nothing of namespaces: then one id is enough to try one. */
function settingsToEnter(engine: Engine): EnterSettings {
  try {
    return engine.enter;
  } catch {
    return enterSettings(engine.store, oneIdMap(engine.account, engine.namespace));
  }
}

function idFacts({ account, namespace, mapHelpers, forRoot }: Engine): DoctorFacts['ids'] {
  const none = { uids: [], gids: [], owner: 'root' };
  const given = forRoot ? findRootIds() ?? none
    : { ...findSubordinateIds(account), owner: account.name };
  const uids = commonIds(given.uids, namespace.uids);
  const gids = commonIds(given.gids, namespace.gids);
  const isThere = ['/usr/bin', '/bin', '/usr/local/bin'].some((folder) =>
    existsSync(join(folder, 'newuidmap')));
  const helpers = forRoot || mapHelpers !== undefined ? 'there' as const
    : !isThere ? 'missing' as const
    : findMapHelpers(true) !== undefined ? 'weak' as const : 'not set-user-id' as const;
  const usedInRange = readAccounts().filter(({ uid }) =>
    uids.some(({ start, count }) => uid >= start && uid < start + count));
  return {
    uids, gids, owner: given.owner, free: freeIds(), helpers, allRanges: allSubordinateIds(),
    usedInRange,
  };
}

const TUN = '/dev/net/tun';
const USUAL_FIRST_PORT = 1024;

function networkFacts({ forRoot }: Engine): DoctorFacts['network'] {
  const pasta = findProgram('pasta');
  return {
    pasta: pasta !== undefined,
    pastaFails: pasta === undefined ? undefined : failureOf(pasta),
    slirp4netns: findProgram('slirp4netns') !== undefined,
    tun: !existsSync(TUN) ? 'missing' : canOpen(TUN) ? 'usable' : 'not permitted',
    firstPort: forRoot && bindsLowPorts() ? 1 : firstPortOfUsers(),
  };
}

/** Why a program can't even tell its version: it is another one, or for another machine. */
function failureOf(program: string): string | undefined {
  const { status, stderr, error } = spawnSync(program, ['--version'], {
    encoding: 'utf8', env: {}, timeout: 5000,
  });
  if (status === 0) return undefined;
  return stderr?.split('\n')[0] || error?.message || `exit status ${status}`;
}

function firstPortOfUsers(): number {
  const text = textIfThere('/proc/sys/net/ipv4/ip_unprivileged_port_start').trim();
  return text === '' ? USUAL_FIRST_PORT : Number(text);
}

function bindsLowPorts(): boolean {
  try {
    runHelper(['low-ports', ROOT_COMMANDS]);
    return true;
  } catch {
    return false;
  }
}

function cgroupFacts({ account, forRoot, runtimeDirectory }: Engine): DoctorFacts['cgroups'] {
  const { uid } = account;
  const session = hasSystemdSession(runtimeDirectory);
  const isUnified = fileSystemName('/sys/fs/cgroup') === 'cgroup2';
  return {
    version: isUnified ? 'v2' : existsSync('/sys/fs/cgroup/unified') ? 'hybrid' : 'v1',
    systemd: existsSync('/run/systemd/system'),
    session,
    controllers: isUnified ? delegatedControllers({ uid, forRoot, session }) : [],
  };
}

const POLKIT = '/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service';

function sessionFacts(engine: Engine): DoctorFacts['session'] {
  const { account, directories, forRoot, runtimeDirectory } = engine;
  const hasLogind = !forRoot && existsSync('/run/systemd/system')
    && existsSync('/run/systemd/seats');
  return {
    runtimeDirectory,
    isRuntimeDirectoryUsable:
      forRoot || directories.run === join(runtimeDirectory ?? '/', 'berth'),
    runDirectory: directories.run,
    shell: process.ppid,
    hasUsualDirectory: existsSync(`/run/user/${account.uid}`),
    mayAskToLinger: existsSync(POLKIT),
    lingers: hasLogind ? existsSync(`/var/lib/systemd/linger/${account.name}`) : undefined,
  };
}

const OTHER_PLACES = ['/var/tmp', '/tmp', '/dev/shm'];

function storeFacts(engine: Engine, hasOverlay: boolean): DoctorFacts['store'] {
  const path = engine.store.layout.data;
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize, files, ffree } = statfsSync(there);
  const refusal = refusalToWrite(there);
  return {
    path,
    refusal,
    mount: findMount(path),
    otherPlace: OTHER_PLACES.find((folder) => refusalToWrite(folder) === undefined),
    fileSystem: (refusal === undefined ? fileSystemName(there) : undefined) ?? 'unknown',
    freeBytes: bavail * bsize,
    freeInodes: files === 0 ? undefined : ffree,
    hasOverlay,
    layersOfOtherIds: refusal === undefined ? layersOfOtherIds(engine) : 0,
    driver: isRootWithoutStore(engine) || refusal !== undefined ? undefined : engine.driver,
  };
}

/** The machine's root, when it has no ids for containers or in a container that lacks some. */
function isRootWithoutStore({ account, namespace }: Engine): boolean {
  return account.uid === namespace.hostRoot;
}

/** How many layers have owners by other id maps. */
function layersOfOtherIds(engine: Engine): number {
  if (isRootWithoutStore(engine)) return 0;
  const { layers } = engine.store;
  const key = idMapKey(engine.idMaps);
  const records = layers.list().flatMap((diffId) => layers.readable(diffId) ?? []);
  return records.filter(({ idMap }) => idMap !== key).length;
}

function refusalToWrite(folder: string): string | undefined {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return (systemErrorFrom(error, 'write', folder) as Error).message;
  }
}

const MANAGERS: readonly (readonly [string, NonNullable<PackageManager>])[] = [
  ['/usr/bin/apt-get', 'apt'],
  ['/usr/bin/dnf', 'dnf'],
  ['/usr/bin/zypper', 'zypper'],
  ['/usr/bin/pacman', 'pacman'],
  ['/sbin/apk', 'apk'],
];

function packageManager(): PackageManager {
  return MANAGERS.find(([path]) => existsSync(path))?.[1];
}

/** `… Debian 6.1.119-1 (2024-11-22)` or `… #52-Ubuntu SMP Thu Dec 5 11:07:36 UTC 2024` */
function builtAtMs(version: string): number | undefined {
  const day = /\((\d{4}-\d\d-\d\d)\)\s*$/.exec(version)?.[1]
    ?? /(\w{3}\s+\d{1,2} [\d:]{8} UTC \d{4})\s*$/.exec(version)?.[1];
  const time = day === undefined ? Number.NaN : Date.parse(day);
  return Number.isNaN(time) ? undefined : time;
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, 'r+'));
    return true;
  } catch {
    return false;
  }
}
