/** `start`: starts one more run of a stopped container. */
import { spawnSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { IntegrityError, SystemError } from '@berth/errors';
import {
  complaintOf, handOver, helperEnvironment, launchArguments, nativeHelper,
} from '@berth/isolation';
import type { RuntimeSpec } from '@berth/oci';
import { readIfThere, type ContainerPaths } from '@berth/storage';
import type { Engine } from '../engine.ts';
import { requirePresentIds } from '../images/mounted-layers.ts';
import { requireAllowed } from '../lifecycle.ts';
import { writePlan } from './launch.ts';
import { logHere, specHere } from './moved-store.ts';
import type { BerthContainer } from './record.ts';

/** The container runs in the background; answers its id. A running container is left as it is. */
export async function startContainer(engine: Engine, name: string): Promise<string> {
  const id = engine.store.containers.resolve(name);
  await startById(engine, id);
  return id;
}

/** As startContainer(), for a full id. Throws SystemError with the helper's reason. */
export async function startById(engine: Engine, id: string): Promise<void> {
  if (engine.store.containers.state(id).state === 'running') {
    return;
  }
  try {
    launchInBackground(preparePlan(engine, id, true), id);
  } catch (error) {
    // Another command has started the container meanwhile.
    const { state, hostName } = engine.store.containers.state(id);
    if (state === 'running') return;
    requireAllowed('start', { name: engine.store.containers.name(id), state, host: hostName });
    throw error;
  }
}

function launchInBackground(plan: string, id: string): void {
  const args = launchArguments(plan, {
    attach: [],
    detachKeys: undefined,
    sigProxy: false,
    detach: true,
    print: undefined,
  });
  const result = spawnSync(nativeHelper(), args, {
    env: helperEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (result.error !== undefined) {
    throw new SystemError('START_FAILED', `run "${nativeHelper()}"`, { cause: result.error });
  }
  if (result.status !== 0) {
    const { message, hint } = complaintOf(result.stderr.toString('utf8'));
    throw new SystemError('START_FAILED', message || `start container "${id.slice(0, 12)}"`, {
      hint,
      exitStatus: result.status ?? undefined,
    });
  }
}

/** How `start --attach` behaves. */
export interface AttachedStart {
  interactive: boolean;
  detachKeys: string | undefined;
  sigProxy: boolean;
}

/**
 * Starts the container and attaches to it. Never returns: this process becomes the native client.
 */
export async function startAttached(
  engine: Engine,
  name: string,
  { interactive, detachKeys, sigProxy }: AttachedStart,
): Promise<never> {
  const id = engine.store.containers.resolve(name);
  const plan = preparePlan(engine, id, false);
  const attach = interactive ? ['stdin', 'stdout', 'stderr'] : ['stdout', 'stderr'];
  const args = launchArguments(plan, {
    attach,
    detachKeys,
    sigProxy,
    detach: false,
    print: undefined,
  });
  return handOver(args, []);
}

function preparePlan(engine: Engine, id: string, background: boolean): string {
  const { containers } = engine.store;
  const { state, hostName } = containers.state(id);
  requireAllowed('start', { name: containers.name(id), state, host: hostName });
  const record = containers.record<BerthContainer>(id);
  const paths = containers.paths(id);
  requireNoLinks(paths);
  requirePresentIds(engine, record.layers);
  const spec = specHere(engine, record, readSpec(paths.spec));
  return writePlan(engine, {
    record: { ...record, name: containers.name(id), log: logHere(engine, record) },
    spec,
    paths,
    handed: false,
    background,
  });
}

/**
 * Throws when a folder that a start writes to is a symbolic link: the link could lead to folders of
 * someone else.
 */
function requireNoLinks({ directory, runs, upper, work }: ContainerPaths): void {
  for (const path of [directory, runs, upper, work]) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
      throw new IntegrityError('FOLDER_IS_LINK', `use "${path}": it is a link`, {
        hint: 'berth rm --force, and make the container again',
      });
    }
  }
}

/** Reads a container's spec.json. Throws IntegrityError when it is damaged. */
export function readSpec(path: string): RuntimeSpec {
  try {
    return JSON.parse(readIfThere(path)?.toString('utf8') ?? '') as RuntimeSpec;
  } catch {
    throw new IntegrityError('BAD_SPEC', `read "${path}": it is damaged`, {
      hint: 'berth rm --force, and make the container again',
    });
  }
}
