/**
 * `run --rmi`: the only kind of run during which this process stays, because it must check
 * afterwards whether another container needs the image.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { ContainerRequest } from '@berth/bundle';
import { ConflictError, SystemError } from '@berth/errors';
import { helperEnvironment, nativeHelper } from '@berth/isolation';
import type { Engine } from '../engine.ts';
import { removeImages } from '../images/remove.ts';
import { prepareRun, type RunOptions } from './run.ts';
import { pauses } from './wait.ts';

const REMOVAL_PATIENCE_MS = 10_000;
/** Signals that a terminal sends to the client too, so they need not be passed on. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT', 'SIGTSTP', 'SIGWINCH'] as const;
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** The container has ended, and its image is removed unless others need it; answers the status. */
export async function runAndRemoveImage(
  engine: Engine,
  request: ContainerRequest,
  how: RunOptions,
): Promise<number> {
  const { created, args } = await prepareRun(engine, request, how);
  const status = await statusOf(args, how.launch.preserve);
  for (const pause of pauses(REMOVAL_PATIENCE_MS)) {
    if (!engine.store.containers.exists(created.id)) break;
    await pause();
  }
  const { imageName } = created.record;
  const options = { all: false, force: false, ignore: true };
  const { errors } = await removeImages(engine, [imageName], options);
  const [serious] = errors.filter((error) => !(error instanceof ConflictError));
  if (serious !== undefined) throw serious;
  return status;
}

async function statusOf(args: readonly string[], preserve: readonly number[]): Promise<number> {
  const highest = Math.max(2, ...preserve);
  const stdio = Array.from({ length: highest + 1 }, (_, fd) =>
    fd <= 2 || preserve.includes(fd) ? fd : 'ignore');
  const client = spawn(nativeHelper(), [...args], { stdio, env: helperEnvironment() });
  for (const signal of FROM_TERMINAL) process.on(signal, () => undefined);
  for (const signal of PASSED_ON) process.on(signal, () => client.kill(signal));
  const [code, signal] = (await once(client, 'close').catch((cause: unknown) => {
    throw new SystemError('START_FAILED', `run "${nativeHelper()}"`, { cause });
  })) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
}
