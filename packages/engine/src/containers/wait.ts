/** Waits for containers: until they have ended, or are in another state that was asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NotFoundError, UsageError } from '@berth/errors';
import type { DerivedState } from '@berth/storage';
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
 * The exit status once one of the conditions holds (by default: it has ended); -1 when it
 * left no record, 0 when it never ran. A container that goes away meanwhile has ended.
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
  let last: DerivedState | undefined;
  for (
    let pauseMs = FIRST_PAUSE_MS;
    ;
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS, intervalMs)
  ) {
    const state = stateIfThere(engine, id);
    if (
      state === undefined ||
      wanted.some((condition) => CONDITIONS[condition]?.(state.state) === true)
    ) {
      const ended = state ?? last;
      return ended?.exitCode ?? (ended?.state === 'unknown' ? UNKNOWN_EXIT : 0);
    }
    last = state;
    await sleep(pauseMs);
  }
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

/** True when the container had ended before `timeoutMs` had passed. */
export async function waitUntilEnded(
  engine: Engine,
  id: string,
  timeoutMs: number,
): Promise<boolean> {
  for (const pause of pauses(timeoutMs)) {
    const state = stateIfThere(engine, id);
    if (state === undefined || hasEnded(state.state)) {
      return true;
    }
    await pause();
  }
  return false;
}

/** Growing pauses between looks at something, until the time is over; one look at least. */
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
