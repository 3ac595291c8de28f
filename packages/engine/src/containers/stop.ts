/** `stop`, `kill` and `restart`: a container gets its stop signal first, and is killed later. */
import { IntegrityError, NotFoundError, SystemError } from '@berth/errors';
import { signalProcess } from '@berth/host';
import type { Engine } from '../engine.ts';
import { requireAllowed } from '../lifecycle.ts';
import { initOf } from './init-process.ts';
import { thaw } from './pause.ts';
import type { BerthContainer } from './record.ts';
import { signalNumber } from './signals.ts';
import { startById } from './start.ts';
import { endSupervisor, wakeSupervisor } from './supervisor-process.ts';
import { waitUntilEnded } from './wait.ts';

const SIGKILL = 9;
const SIGTERM = 15;
const DEFAULT_TIMEOUT_SECONDS = 10;
const KILL_GRACE_MS = 10_000;
/**
 * The longest delay that a timer can hold; with a longer one it would overflow and fire at once.
 */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** How long a stop waits before it kills. */
export interface StopOptions {
  /** Undefined takes the container's own time-out; a negative number waits for ever. */
  timeoutSeconds: number | undefined;
}

/** The container does not run afterwards; answers its id. A stopped container is left as it is. */
export async function stopContainer(
  engine: Engine,
  name: string,
  options: StopOptions,
): Promise<string> {
  const id = engine.store.containers.resolve(name);
  await stopById(engine, id, options);
  return id;
}

/** As stopContainer(), for a full id. */
export async function stopById(engine: Engine, id: string, options: StopOptions): Promise<void> {
  const { state, hostName, run } = engine.store.containers.state(id);
  requireAllowed('stop', { name: engine.store.containers.name(id), state, host: hostName });
  if (!['running', 'paused', 'stopping'].includes(state)) {
    return;
  }
  thaw(engine, id);
  wakeSupervisor(engine, id);
  const { signal, seconds: patience } = howToStop(engine, id);
  const seconds = options.timeoutSeconds ?? patience;
  const timeoutMs = seconds < 0 ? LONGEST_WAIT_MS : Math.min(seconds * 1000, LONGEST_WAIT_MS);
  if (timeoutMs > 0) {
    signalInit(engine, id, signal);
    if (await waitUntilEnded(engine, id, { run, timeoutMs })) {
      return;
    }
    engine.report({
      kind: 'warning',
      message:
        `container ${id.slice(0, 12)} did not end on its stop signal ` +
        `within ${seconds} ${seconds === 1 ? 'second' : 'seconds'}: killing it`,
    });
  }
  await endNow(engine, id, run);
}

/** Signal and time-out as the container's record says. For a damaged record: the defaults. */
function howToStop(engine: Engine, id: string): { signal: number; seconds: number } {
  try {
    const record = engine.store.containers.record<BerthContainer>(id);
    return { signal: record.stopSignal, seconds: record.stopTimeoutSeconds };
  } catch (error) {
    if (!(error instanceof IntegrityError || error instanceof NotFoundError)) throw error;
    return { signal: SIGTERM, seconds: DEFAULT_TIMEOUT_SECONDS };
  }
}

/**
 * All processes of that run are dead. The first process is killed, and its supervisor ends the run;
 * if that does not help, the supervisor is killed as well. Throws SystemError when they do not end.
 */
export async function endNow(engine: Engine, id: string, run: number): Promise<void> {
  const wait = { run, timeoutMs: KILL_GRACE_MS };
  if (await waitUntilEnded(engine, id, { run, timeoutMs: 0 })) return;
  thaw(engine, id);
  wakeSupervisor(engine, id);
  signalInit(engine, id, SIGKILL);
  if (await waitUntilEnded(engine, id, wait)) return;
  if (!(await endSupervisor(id)) || !(await waitUntilEnded(engine, id, wait))) {
    throw new SystemError(
      'STOP_FAILED',
      `stop container "${id.slice(0, 12)}": its processes do not end`,
      { hint: 'ps -eo pid,stat,wchan,args; a process in state D waits for a device or a server' },
    );
  }
}

/** The signal has been sent to the container's first process; answers the id. */
export function killContainer(engine: Engine, name: string, signal: string): string {
  const number = signalNumber(signal);
  const id = engine.store.containers.resolve(name);
  const { state, hostName } = engine.store.containers.state(id);
  requireAllowed('kill', { name: engine.store.containers.name(id), state, host: hostName });
  wakeSupervisor(engine, id);
  signalInit(engine, id, number);
  // The kernel kills a frozen process too, but the frozen supervisor has to run to record it. Other
  // signals wait until the container is unpaused.
  if (number === SIGKILL) thaw(engine, id);
  return id;
}

/** The container runs, whether it ran before or not; answers its id. */
export async function restartContainer(
  engine: Engine,
  name: string,
  options: StopOptions,
): Promise<string> {
  const id = await stopContainer(engine, name, options);
  await startById(engine, id);
  return id;
}

function signalInit(engine: Engine, id: string, signal: number): void {
  const init = initOf(engine, id);
  if (init !== undefined) {
    signalProcess(init.pid, init.startTime, signal);
  }
}
