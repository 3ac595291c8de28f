/**
 * Turns a container's record and runtime spec into a launch plan for one more run: what depends
 * on the moment (joined namespaces, cgroups, terminals) is decided here.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { SystemError } from '@berth/errors';
import { requireNotPlanted } from '@berth/host';
import { adoptLedger } from '@berth/layers';
import { networkHelperOf, udpRelaysOf } from './network-helper.ts';
import {
  containerPlan,
  type ExitStep,
  type NamespaceName,
  type NamespaceSettings,
  type RootSettings,
  type SupervisorSettings,
} from '@berth/isolation';
import type { NamespaceType, RuntimeSpec } from '@berth/oci';
import { formatSummaryHead, type ContainerPaths, type SummaryHead } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { namingFullDisk } from '../full-disk.ts';
import { requireFuseOverlayfs } from './fuse-overlayfs.ts';
import { mountedLayers } from '../images/mounted-layers.ts';
import { makePidFile } from './binds-of-root.ts';
import { cgroupOf } from './cgroup.ts';
import { processIds } from './container-ids.ts';
import { imageLayers } from './image-mounts.ts';
import { etcFileNames, etcLinks, etcTarget } from './etc-files.ts';
import { sayWhatIsMasked } from './notices.ts';
import { ensureDirectory, keepersOf } from './keepers.ts';
import { liveJoins } from './joined-namespaces.ts';
import { formatPorts, portMappings } from './published-ports.ts';
import { requireFreeMemory } from './memory-volumes.ts';
import { personalityOf } from './personality.ts';
import type { BerthContainer } from './record.ts';
import { isMainProcess, noticeOf, withManager } from './service-unit.ts';
import { shiftedLayers } from './shifted-layers.ts';
import { compiledEmulation, compiledSeccomp } from './seccomp-cache.ts';

/** What one run is planned from. */
export interface LaunchPlan {
  record: BerthContainer;
  spec: RuntimeSpec;
  paths: ContainerPaths;
  /** The container's streams are the caller's own; no log is kept. */
  handed: boolean;
  /** Nobody waits for the container to end. */
  background: boolean;
}

/** Writes the plan of the next run; answers its path. */
export function writePlan(engine: Engine, launch: LaunchPlan): string {
  const { record, spec, paths } = launch;
  requireFreeMemory(engine, record, spec);
  if (record.request.rootFolder === undefined && existsSync(paths.owners)) {
    adoptLedger(paths.owners, record.driver === 'copy' ? paths.root : paths.upper);
  }
  if (engine.isProcMasked) sayWhatIsMasked(engine);
  const { pidFile, supervisorPidFile } = record.request;
  for (const file of [pidFile, supervisorPidFile]) {
    if (file === undefined) continue;
    requireNotPlanted(file);
    if (engine.forRoot) makePidFile(file);
    else requireWritable(file);
  }
  if (record.request.log.path !== undefined) requireNotPlanted(record.log.path);
  const plan = planParts(engine, launch);
  ensureDirectory(dirname(paths.runDirectory));
  try {
    engine.store.containers.writePlan(record.id, containerPlan(plan.spec, plan.settings));
  } catch (error) {
    throw namingFullDisk(engine, `start container "${record.name}"`, error);
  }
  return paths.plan;
}

/** A supervisor can't tell anybody but its exit record that it could not write the file. */
function requireWritable(path: string): void {
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
  } catch (cause) {
    throw new SystemError('PIDFILE', `write "${path}"`, { cause });
  }
}

/**
 * What the plan is written from: the spec with the additions of this run, and the settings that a
 * runtime spec has no place for.
 */
export function planParts(
  engine: Engine,
  launch: LaunchPlan,
): { spec: RuntimeSpec; settings: SupervisorSettings } {
  const { record, spec, paths } = launch;
  const withEtc = withEtcFiles(record, spec, paths);
  const whole = engine.isProcMasked ? withEtc : withOwnPorts(record, withEtc);
  return { spec: withManager(record.request, whole), settings: settingsOf(engine, launch) };
}

function settingsOf(engine: Engine, launch: LaunchPlan): SupervisorSettings {
  const { record, spec, paths, handed } = launch;
  const { store } = engine;
  const { request } = record;
  const hasOneId = engine.idMaps.tier === 'single';
  return {
    id: record.id,
    stateDirectory: paths.directory,
    runDirectory: paths.runDirectory,
    keepersDirectory: keepersOf(engine, record),
    summary: formatSummaryHead(summaryOf(record)),
    idMaps: engine.idMaps,
    stdio: request.tty ? 'terminal' : handed ? 'handed' : 'piped',
    stdinOpen: request.interactive,
    log: handed ? { ...record.log, driver: 'none' } : record.log,
    timeoutSeconds: request.timeoutSeconds ?? 0,
    stopSignal: record.stopSignal,
    pidFile: request.pidFile,
    supervisorPidFile: request.supervisorPidFile,
    notice: noticeOf(request),
    endsWithClient: !launch.background && isMainProcess(),
    init: request.init,
    cgroup: cgroupOf(engine, launch),
    networkHelper: networkHelperOf(record, paths),
    hostPorts: record.ports,
    udpRelays: udpRelaysOf(record),
    namespaces: namespacesOf(engine, record, spec),
    root: rootOf(engine, record, paths),
    symlinks: etcLinks(record),
    imageLayers: imageLayers(engine, record),
    accounts: record.accounts,
    copyUps: record.copyUps.map(({ target, volume, isOwned = false }) => ({
      target,
      isOwned,
      data: store.volumes.dataPath(volume),
    })),
    process: {
      user: record.user,
      groupAdd: request.groupAdd,
      // The image's working directory is made when it is missing. A directory that the user names
      // must exist, as in Podman.
      createWorkingDirectory: request.workingDirectory === undefined,
      seccomp: compiledSeccomp(engine, spec.linux.seccomp, {
        security: request.security,
        capabilities: spec.process.capabilities?.bounding ?? [],
      })?.toString('hex'),
      emulation: hasOneId ? compiledEmulation(engine, spec.process) : undefined,
      hasOneId,
      containerIds: processIds(engine, record, spec),
      personality: personalityOf(spec),
      preserveDescriptors: request.preserveDescriptors,
      terminalSize: { rows: 0, columns: 0 },
    },
    exitSteps: request.remove ? removalSteps(engine, record) : [],
  };
}

function rootOf(engine: Engine, record: BerthContainer, paths: ContainerPaths): RootSettings {
  if (record.driver === 'copy') return { kind: 'folder', path: paths.root };
  const { upper, work } = paths;
  const { rootFolder, remove: isVolatile } = record.request;
  if (rootFolder !== undefined) {
    const { path, keepsChangesApart } = rootFolder;
    return keepsChangesApart
      ? { kind: 'overlay', upper, work, lowers: [path], isVolatile } : { kind: 'folder', path };
  }
  const diffIds = mountedLayers(record.layers);
  const fuseOverlayfs = record.driver === undefined ? undefined : requireFuseOverlayfs(record.name);
  // fuse-overlayfs itself shows the layers under the owners that an id map needs.
  if (record.containerIds === undefined || fuseOverlayfs !== undefined) {
    const lowers = diffIds.map((diffId) => engine.store.layers.treePath(diffId));
    return { kind: 'overlay', upper, work, lowers, isVolatile, fuseOverlayfs };
  }
  const { tree, data } = shiftedLayers(engine, diffIds, record.containerIds);
  return { kind: 'overlay', upper, work, lowers: [tree], data, isVolatile };
}

/** The part of a container's summary that never changes. */
export function summaryOf(record: BerthContainer): SummaryHead {
  return {
    createdAtMs: record.createdAtMs,
    image: record.imageName,
    command: record.command,
    ports: formatPorts(portMappings(record.ports)),
  };
}

/** Adds mounts that bind the files of etc-files.ts over those of the image. */
function withEtcFiles(
  record: BerthContainer,
  spec: RuntimeSpec,
  paths: ContainerPaths,
): RuntimeSpec {
  const sources = {
    hosts: paths.hosts,
    'resolv.conf': paths.resolvConf,
    hostname: paths.hostname,
    containerenv: paths.containerEnv,
    'apt.conf': paths.aptConfig,
  };
  const binds = etcFileNames(record).map((name) => ({
    destination: etcTarget(name),
    type: 'bind',
    source: sources[name],
    options: ['bind', 'rprivate', 'nosuid', 'nodev'],
  }));
  return { ...spec, mounts: [...binds, ...spec.mounts] };
}

const FIRST_PORT = 'net.ipv4.ip_unprivileged_port_start';

/**
 * A container with an id map of its own enters its user namespace last, so its root has no
 * capabilities over its network. Instead, ports below 1024 are opened to all users of the
 * container.
 */
function withOwnPorts(record: BerthContainer, spec: RuntimeSpec): RuntimeSpec {
  const isOwn = spec.linux.namespaces.some(({ type }) => type === 'network');
  if (record.containerIds === undefined || !isOwn || record.joins['net'] !== undefined) return spec;
  const sysctl = { [FIRST_PORT]: '0', ...spec.linux.sysctl };
  return { ...spec, linux: { ...spec.linux, sysctl } };
}

const NAMES: Record<NamespaceName, NamespaceType> = {
  pid: 'pid',
  ipc: 'ipc',
  uts: 'uts',
  net: 'network',
  cgroup: 'cgroup',
  mount: 'mount',
};

function namespacesOf(
  engine: Engine,
  record: BerthContainer,
  spec: RuntimeSpec,
): Record<NamespaceName, NamespaceSettings> {
  const made = new Set(spec.linux.namespaces.map(({ type }) => type));
  const joined = liveJoins(engine, record);
  const path = record.network === 'path' ? record.request.network.value : undefined;
  const entries = Object.entries(NAMES).map(([name, type]): [string, NamespaceSettings] => {
    const fallback: NamespaceSettings = { from: made.has(type) ? 'new' : 'host' };
    const byPath: NamespaceSettings | undefined =
      name === 'net' && path !== undefined ? { from: 'path', path } : undefined;
    return [name, joined[name] ?? byPath ?? fallback];
  });
  return Object.fromEntries(entries) as Record<NamespaceName, NamespaceSettings>;
}

function removalSteps(engine: Engine, record: BerthContainer): ExitStep[] {
  const { rename, nameLink, tree } = engine.store.containers.exitRemoval(record.id, record.name);
  const { runDirectory: run } = engine.store.containers.paths(record.id);
  const volumes = record.anonymousVolumes.map((name) => engine.store.volumes.exitRemoval(name));
  return [
    { step: 'rename', ...rename },
    { step: 'release', path: nameLink.path, id: nameLink.target },
    ...volumes.map(({ from, to }): ExitStep => ({ step: 'volume', from, to })),
    ...[tree, ...volumes.map(({ to }) => to)].map((path): ExitStep => ({ step: 'remove', path })),
    ...(engine.isProcMasked ? [{ step: 'remove' as const, path: run }] : []),
  ];
}
