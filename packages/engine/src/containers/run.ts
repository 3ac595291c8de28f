/** `run`: makes a container and becomes the client that starts it. */
import type { ContainerRequest, StreamName } from '@berth/bundle';
import { handOver, isCompiled, launchArguments, type ClientSettings } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import type { PullOptions } from '../images/pull-options.ts';
import { makeContainer, type CreatedContainer } from './create.ts';
import { writePlan, type LaunchPlan } from './launch.ts';
import { requireDescriptors } from './preserved-descriptors.ts';

/** How the client behaves while the container runs. */
export interface LaunchOptions {
  detach: boolean;
  /** Undefined attaches to the output streams, and with -i to the input as well. */
  attach: StreamName[] | undefined;
  detachKeys: string | undefined;
  sigProxy: boolean;
  /** The caller's descriptors that the container's process gets. */
  preserve: readonly number[];
}

/** Where the image comes from, and how the client behaves. */
export interface RunOptions {
  pull: PullOptions;
  launch: LaunchOptions;
  /**
   * Flags and image as typed; undefined where anything else than these words and what is installed
   * decides how the container runs.
   */
  words?: readonly string[] | undefined;
}

/**
 * Creates and starts the container. Never returns: this process becomes the native client. Errors
 * are thrown before anything runs.
 */
export async function runContainer(
  engine: Engine,
  request: ContainerRequest,
  how: RunOptions,
): Promise<never> {
  const { args, ...run } = await prepareRun(engine, request, how);
  if (how.words !== undefined && isCompiled()) {
    const { keepForNext } = await import('./keep-run.ts');
    keepForNext(engine, { words: how.words, ...run });
  }
  return handOver(args, how.launch.preserve);
}

/** A container that exists and is about to start. */
export interface PreparedRun {
  created: CreatedContainer;
  /** The container's streams are the caller's own; no log is kept. */
  handed: boolean;
  background: boolean;
  client: ClientSettings;
  /** The arguments of the native client, which starts the container. */
  args: string[];
}

/** The container exists, and the plan of its run is written. */
export async function prepareRun(
  engine: Engine,
  request: ContainerRequest,
  { pull, launch }: RunOptions,
): Promise<PreparedRun> {
  requireDescriptors(launch.preserve);
  const created = await makeContainer(engine, request, pull);
  const handed = isHanded(request, launch);
  const background = launch.detach;
  const plan = await planOrRemove(engine, { ...created, handed, background });
  const client = {
    attach: launch.detach ? [] : attached(request, launch),
    detachKeys: launch.detachKeys,
    sigProxy: launch.sigProxy,
    detach: launch.detach,
    print: launch.detach ? created.id : undefined,
  };
  return { created, handed, background, client, args: launchArguments(plan, client) };
}

/**
 * Answers the path of the plan. When the plan can't be written, a container with --rm is removed.
 */
async function planOrRemove(engine: Engine, launch: LaunchPlan): Promise<string> {
  try {
    return writePlan(engine, launch);
  } catch (error) {
    const { id, request } = launch.record;
    if (request.remove) {
      const { removeById } = await import('./remove.ts');
      await removeById(engine, id, { force: false, volumes: true, timeoutSeconds: undefined });
    }
    throw error;
  }
}

/**
 * Whether the container writes to the caller's streams itself. This is so without a log, and nobody
 * could read the log of a container that is removed when it ends.
 */
function isHanded(request: ContainerRequest, launch: LaunchOptions): boolean {
  const wantsLog = request.log.driver !== undefined && request.log.driver !== 'passthrough';
  const passes = request.log.driver === 'passthrough';
  return !request.tty && !launch.detach && (passes || (request.remove && !wantsLog));
}

function attached(request: ContainerRequest, launch: LaunchOptions): string[] {
  const streams = launch.attach ?? ['stdin', 'stdout', 'stderr'];
  return streams.filter((stream) => stream !== 'stdin' || request.interactive);
}
