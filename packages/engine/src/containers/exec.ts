/** `exec` and `attach`: this process becomes a client of the container's supervisor. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capabilities, capabilitySets, isRootUser } from '@berth/bundle';
import { systemErrorFrom } from '@berth/host';
import {
  attachArguments,
  execArguments,
  execPlan,
  handOver,
  isCompiled,
  keepExec,
  planRecord,
  type ClientSettings,
  type ExecSettings,
} from '@berth/isolation';
import type { CapabilitySets, ProcessSpec, RuntimeSpec } from '@berth/oci';
import { runDirectoryOf, type ContainerPaths } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { requireOwnOutput } from './handed-output.ts';
import { processIds } from './container-ids.ts';
import { personalityOf } from './personality.ts';
import { runningInit } from './init-process.ts';
import { requireDescriptors } from './preserved-descriptors.ts';
import type { BerthContainer } from './record.ts';
import { compiledEmulation, compiledSeccomp } from './seccomp-cache.ts';
import { readSpec } from './start.ts';

/** One more process, as the flags of `exec` describe it. */
export interface ExecRequest {
  container: string;
  command: string[];
  interactive: boolean;
  tty: boolean;
  detach: boolean;
  environment: string[];
  user: string | undefined;
  workingDirectory: string | undefined;
  privileged: boolean;
  /** The caller's descriptors that the process gets. */
  preserve: readonly number[];
  detachKeys: string | undefined;
  /**
   * The flags as typed; undefined where anything else than these and the container decides how the
   * process runs.
   */
  flagWords: readonly string[] | undefined;
}

/** Podman's, when the process can't have a status because the container does not run. */
const NOT_RUNNING_STATUS = 255;

/**
 * Runs the command and exits with its status. Never returns: this process becomes the native
 * client.
 */
export async function execInContainer(engine: Engine, request: ExecRequest): Promise<never> {
  const { containers } = engine.store;
  const id = containers.resolve(request.container);
  const requireRunning = (): unknown => runningInit(engine, id, {
    operation: 'exec', ...(request.detach ? {} : { exitStatus: NOT_RUNNING_STATUS }),
  });
  requireRunning();
  const record = containers.record<BerthContainer>(id);
  const paths = containers.paths(id);
  const spec = readSpec(paths.spec);
  requireDescriptors(request.preserve);
  const added = processOf(spec, request, record.user);
  const hasOneId = record.emulatesRoot === true;
  const settings: ExecSettings = {
    process: added,
    extras: {
      user: request.user ?? record.user,
      groupAdd: record.request.groupAdd,
      createWorkingDirectory: false,
      seccomp: request.privileged ? undefined : filterOf(engine, { paths, spec, record }),
      emulation: hasOneId ? compiledEmulation(engine, added) : undefined,
      hasOneId,
      containerIds: processIds(engine, record, spec),
      personality: personalityOf(spec),
      preserveDescriptors: (request.preserve.at(-1) ?? 2) - 2,
      terminalSize: { rows: 0, columns: 0 },
    },
    stdio: request.tty ? 'terminal' : 'handed',
    stdinOpen: request.interactive,
    detach: request.detach,
  };
  const runDirectory = runDirectoryOf(paths);
  const plan = writeExecPlan({ directory: runDirectory, requireRunning }, execPlan(settings));
  const client = clientOf(request);
  if (request.flagWords !== undefined && isCompiled()) {
    keepExec({ runDirectory, flags: request.flagWords, settings, client });
  }
  return handOver(execArguments(runDirectory, plan, client), request.preserve);
}

/**
 * The filter with which the container was started, so that nothing has to be compiled. The plan
 * that holds it may be missing: a supervisor removes it when the disk is full.
 */
function filterOf(engine: Engine, { paths, spec, record }: Running): string | undefined {
  if (spec.linux.seccomp === undefined) return undefined;
  const [program] = existsSync(paths.plan)
    ? planRecord(readFileSync(paths.plan), 'seccomp') ?? [] : [];
  return program ?? compiledSeccomp(engine, spec.linux.seccomp, {
    security: record.request.security,
    capabilities: spec.process.capabilities?.bounding ?? [],
  })?.toString('hex');
}

interface Running {
  paths: ContainerPaths;
  spec: RuntimeSpec;
  record: BerthContainer;
}

interface PlanPlace {
  directory: string;
  /** Throws when the container has ended, because its directory is removed then. */
  requireRunning(): void;
}

/** Answers the plan's path. The client removes the plan once it has opened it. */
function writeExecPlan({ directory, requireRunning }: PlanPlace, plan: Buffer): string {
  const path = join(directory, `exec-${process.pid}-${Date.now()}`);
  try {
    writeFileSync(path, plan, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    requireRunning();
    throw systemErrorFrom(error, 'write', path);
  }
  return path;
}

function clientOf(request: ExecRequest): ClientSettings {
  const streams = ['stdin', 'stdout', 'stderr'];
  const attach = request.detach ? [] : streams.filter((s) => s !== 'stdin' || request.interactive);
  return {
    attach,
    detachKeys: request.detachKeys,
    sigProxy: true,
    detach: request.detach,
    print: request.detach ? randomBytes(SESSION_ID_BYTES).toString('hex') : undefined,
  };
}

/** As many bytes as in Podman, since scripts may expect that; Berth has no use for the id. */
const SESSION_ID_BYTES = 32;

/** The container's process spec, changed as exec's flags ask. */
function processOf(spec: RuntimeSpec, request: ExecRequest, ownUser: string): ProcessSpec {
  const environment = new Map(
    [...spec.process.env, ...(request.tty ? ['TERM=xterm'] : []), ...request.environment].map(
      (entry) => {
        const equals = entry.indexOf('=');
        return [entry.slice(0, equals), entry.slice(equals + 1)];
      },
    ),
  );
  return {
    ...spec.process,
    capabilities: capabilitiesOf(spec, request, ownUser),
    args: request.command,
    env: [...environment].map(([name, value]) => `${name}=${value}`),
    cwd: request.workingDirectory ?? spec.process.cwd,
    terminal: request.tty,
  };
}

/**
 * The container's own user has the container's capabilities, and so has root; other users have
 * none.
 */
function capabilitiesOf(
  spec: RuntimeSpec,
  { user = '', privileged }: ExecRequest,
  ownUser: string,
): CapabilitySets {
  const { capabilities: own } = spec.process;
  if (!privileged && own !== undefined && (user === '' || user === ownUser)) return own;
  const all = { capAdd: ['ALL'], capDrop: [], privileged: true };
  const bounding = privileged ? capabilities(all) : own?.bounding ?? [];
  return capabilitySets(bounding, { isRoot: isRootUser(user || ownUser), capAdd: [] });
}

/** How a client attaches. */
export interface AttachOptions {
  stdin: boolean;
  detachKeys: string | undefined;
  sigProxy: boolean;
}

/**
 * Shows the container's streams until it ends. Never returns: this process becomes the native
 * client.
 */
export async function attachContainer(
  engine: Engine,
  name: string,
  { stdin, detachKeys, sigProxy }: AttachOptions,
): Promise<never> {
  const { containers } = engine.store;
  const id = containers.resolve(name);
  runningInit(engine, id, { operation: 'attach' });
  const record = containers.record<BerthContainer>(id);
  const streams =
    stdin && record.request.interactive ? ['stdin', 'stdout', 'stderr'] : ['stdout', 'stderr'];
  requireOwnOutput(engine, { id, name, verb: 'attach to' });
  const { tty } = record.request;
  const client = { attach: streams, detachKeys, sigProxy, detach: false, print: undefined };
  const args = attachArguments(runDirectoryOf(containers.paths(id)), client, tty);
  return handOver(args, []);
}
