/** `run`: makes a container and becomes the client that starts it. */
import type { ContainerRequest, StreamName } from '@berth/bundle';
import { handOver, launchArguments } from '@berth/isolation';
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
}

/** Never returns: the native client takes this process over. Throws before anything runs. */
export async function runContainer(
  engine: Engine,
  request: ContainerRequest,
  how: RunOptions,
): Promise<never> {
  const { args } = await prepareRun(engine, request, how);
  return handOver(args, how.launch.preserve);
}

/** The container exists, and the arguments of the native client start it. */
export async function prepareRun(
  engine: Engine,
  request: ContainerRequest,
  { pull, launch }: RunOptions,
): Promise<{ created: CreatedContainer; args: string[] }> {
  requireDescriptors(launch.preserve);
  const created = await makeContainer(engine, request, pull);
  const plan = await planOrRemove(engine, {
    ...created,
    handed: isHanded(request, launch),
    background: launch.detach,
  });
  const args = launchArguments(plan, {
    attach: launch.detach ? [] : attached(request, launch),
    detachKeys: launch.detachKeys,
    sigProxy: launch.sigProxy && !request.tty,
    detach: launch.detach,
    print: launch.detach ? created.id : undefined,
  });
  return { created, args };
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
