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
  /** Undefined attaches to output, and to input with -i. */
  attach: StreamName[] | undefined;
  detachKeys: string | undefined;
  sigProxy: boolean;
  /** The caller's descriptors that the container gets. */
  preserve: readonly number[];
}

/** Where the image comes from, and how the client behaves. */
export interface RunOptions {
  pull: PullOptions;
  launch: LaunchOptions;
  /** Flags and image as typed, where nothing but they and what is installed decides. */
  words?: readonly string[] | undefined;
}

/** Never returns: the native client takes this process over. Throws before anything runs. */
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

/** A container that is about to start. */
export interface PreparedRun {
  created: CreatedContainer;
  /** Its streams go straight to the caller's. */
  handed: boolean;
  background: boolean;
  client: ClientSettings;
  /** Of the native client: they start it. */
  args: string[];
}

/** The container exists. */
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
    sigProxy: launch.sigProxy && !request.tty,
    detach: launch.detach,
    print: launch.detach ? created.id : undefined,
  };
  return { created, handed, background, client, args: launchArguments(plan, client) };
}

/** A container that goes away after its run does so as well when it can't be started. */
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

/** Nobody could read the log of a container that is gone with its run. */
function isHanded(request: ContainerRequest, launch: LaunchOptions): boolean {
  const wantsLog = request.log.driver !== undefined && request.log.driver !== 'passthrough';
  const passes = request.log.driver === 'passthrough';
  return !request.tty && !launch.detach && (passes || (request.remove && !wantsLog));
}

function attached(request: ContainerRequest, launch: LaunchOptions): string[] {
  const streams = launch.attach ?? ['stdin', 'stdout', 'stderr'];
  return streams.filter((stream) => stream !== 'stdin' || request.interactive);
}
