/** Waits for containers: until they have ended, or are in another state that was asked for. */
import { spawn } from 'node:child_process';
import { text as streamText } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotFoundError, UsageError } from '@berth/errors';
import { isStopped } from '@berth/host';
import { helperEnvironment, nativeHelper } from '@berth/isolation';
import { runDirectoryOf, type DerivedState } from '@berth/storage';
import type { Engine } from '../engine.ts';

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 100;
const UNKNOWN_EXIT = -1;

const CONDITIONS: Record<string, (state: DerivedState['state']) => boolean> = {
  created: (state) => state === 'created',
  configured: (state) => state === 'created',
  running: (state) => state === 'running',
  paused: (state) => state === 'paused',
  stopped: hasEnded,
  exited: hasEnded,
  stopping: (state) => state === 'stopping',
  removing: () => false,
  'not-running': hasEnded,
  'next-exit': hasEnded,
};

function hasEnded(state: DerivedState['state']): boolean {
  return state === 'exited' || state === 'unknown' || state === 'created';
}

/** What is waited for. */
export interface WaitOptions {
  conditions: readonly string[];
  intervalMs: number;
}

/**
 * The exit status once one of the conditions holds; by default, once the current run has ended. -1
 * when the status can't be found out, 0 when the container never ran.
 */
export async function waitContainer(
  engine: Engine,
  name: string,
  { conditions, intervalMs }: WaitOptions,
): Promise<number> {
  const wanted = conditions.length === 0 ? ['stopped'] : conditions;
  const unknown = wanted.find(
    (condition) => !Object.hasOwn(CONDITIONS, condition) && condition !== 'removed',
  );
  if (unknown !== undefined) {
    throw new UsageError(
      'BAD_CONDITION',
      `wait for the condition "${unknown}": no such condition`,
      {
        hint: `conditions are ${Object.keys(CONDITIONS).join(', ')}, removed`,
      },
    );
  }
  const id = engine.store.containers.resolve(name);
  warnOfSilence(engine, id);
  const told = followRun(engine, id);
  try {
    return await untilHolds(engine, { id, wanted, intervalMs, told });
  } finally {
    told?.stop();
  }
}

/**
 * Warns a command that waits for a container why it may wait for ever: the supervisor is stopped,
 * or the container runs elsewhere, and only that machine knows whether its end is recorded.
 */
export function warnOfSilence(engine: Engine, id: string): void {
  const found = stateIfThere(engine, id);
  if (found === undefined) return;
  const { supervisor } = engine.store.containers.entry(id).summary;
  const warn = (what: string): void =>
    engine.report({ kind: 'warning', message: `container ${id.slice(0, 12)} ${what}` });
  if (found.state === 'elsewhere') {
    const place = found.hostName ?? 'another pid namespace';
    warn(`runs elsewhere (${place}): this waits until its end is recorded there`);
  } else if (supervisor !== undefined && isStopped(supervisor.pid, supervisor.startTime)) {
    warn(`can't tell its end: its supervisor is stopped (kill -CONT ${supervisor.pid})`);
  }
}

interface Waiting {
  id: string;
  wanted: readonly string[];
  intervalMs: number;
  told: FollowedRun | undefined;
}

async function untilHolds(
  engine: Engine,
  { id, wanted, intervalMs, told }: Waiting,
): Promise<number> {
  const tests = wanted.map((condition) => CONDITIONS[condition]);
  let last: DerivedState | undefined;
  for (
    let pauseMs = FIRST_PAUSE_MS;
    ;
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS, intervalMs)
  ) {
    const state = stateIfThere(engine, id);
    if (state === undefined) return (await told?.status) ?? statusOf(last);
    if (tests.some((holds) => holds?.(state.state) === true)) return statusOf(state);
    // The container was started again between two looks; the record of the run that was waited for
    // is still there.
    if (last !== undefined && last.run < state.run && tests.includes(hasEnded)) {
      return engine.store.containers.exit(id, last.run)?.exitCode ?? UNKNOWN_EXIT;
    }
    last = state;
    await sleep(pauseMs);
  }
}

/**
 * A run whose supervisor is asked for its exit status: with --rm no record is left to read it from.
 */
interface FollowedRun {
  /** Undefined where the supervisor did not tell. */
  status: Promise<number | undefined>;
  stop(): void;
}

/** Undefined where the container does not run. */
function followRun(engine: Engine, id: string): FollowedRun | undefined {
  if (!['running', 'paused', 'stopping'].includes(stateIfThere(engine, id)?.state ?? '')) return;
  const runDirectory = runDirectoryOf(engine.store.containers.paths(id));
  const child = spawn(nativeHelper(), ['wait', '--run-dir', runDirectory], {
    env: helperEnvironment(),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // When no process can be started its output is empty, and the record is used instead.
  child.on('error', () => undefined);
  const status = streamText(child.stdout)
    .then((text) => (text === '' ? undefined : Number(text)), () => undefined);
  return { status, stop: () => child.kill() };
}

function statusOf(last: DerivedState | undefined): number {
  return last?.exitCode ?? (last?.state === 'created' ? 0 : UNKNOWN_EXIT);
}

/** The state, or undefined when the container is gone. */
export function stateIfThere(engine: Engine, id: string): DerivedState | undefined {
  try {
    return engine.store.containers.state(id);
  } catch (error) {
    if (error instanceof NotFoundError) {
      return undefined;
    }
    throw error;
  }
}

/** A run of a container, and how long to wait for its end. */
export interface RunWait {
  run: number;
  timeoutMs: number;
}

/** True when the run ended before the time was over, even if the container was removed. */
export async function waitUntilEnded(
  engine: Engine,
  id: string,
  { run, timeoutMs }: RunWait,
): Promise<boolean> {
  for (const pause of pauses(timeoutMs)) {
    const state = stateIfThere(engine, id);
    if (state === undefined || hasEnded(state.state) || state.run !== run) return true;
    await pause();
  }
  return false;
}

/** Growing pauses between attempts, until the time is over; there is at least one attempt. */
export function* pauses(timeoutMs: number): Generator<() => Promise<void>> {
  const deadline = performance.now() + timeoutMs;
  let pauseMs = FIRST_PAUSE_MS;
  for (let isLast = false; !isLast; ) {
    const leftMs = Math.max(0, deadline - performance.now());
    isLast = leftMs === 0;
    const nextMs = Math.min(pauseMs, leftMs);
    yield async () => sleep(nextMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}
