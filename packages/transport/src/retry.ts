/** Tries again what failed for a passing reason: exponential back-off, jitter, Retry-After. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '@berth/errors';
import { isTemporary } from './network-failure.ts';

/** How often to try, and how long to wait. */
export interface RetryPolicy {
  /** The number of tries, including the first. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** Podman's three retries: some four seconds of waiting in all. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 4,
  firstDelayMs: 500,
  longestDelayMs: 15_000,
};
/** If a server asks for a longer wait than this, we give up instead of waiting. */
export const LONGEST_RETRY_AFTER_MS = 60_000;

/** One retry about to happen, for progress output. */
export interface RetryNotice {
  readonly attempt: number;
  readonly attempts: number;
  readonly delayMs: number;
  readonly error: unknown;
}

interface RetryJob {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal | undefined;
  readonly onRetry: (notice: RetryNotice) => void;
}

/** The result of `run`, tried again while its error is temporary; throws the last error. */
export async function withRetries<T>(run: () => Promise<T>, job: RetryJob): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const delayMs = retryDelay(error, { attempt, policy: job.policy });
      if (delayMs === undefined || job.signal?.aborted === true) throw error;
      job.onRetry({ attempt, attempts: job.policy.attempts, delayMs, error });
      await sleep(delayMs, undefined, job.signal === undefined ? {} : { signal: job.signal });
    }
  }
}

/** How long to wait before the next try, or undefined when there must be none. */
export function retryDelay(
  error: unknown,
  { attempt, policy }: { attempt: number; policy: RetryPolicy },
): number | undefined {
  if (!isTemporary(error) || attempt >= policy.attempts) return undefined;
  const asked = error instanceof EngineError ? error.details['retryAfterMs'] : undefined;
  if (typeof asked === 'number') return asked > LONGEST_RETRY_AFTER_MS ? undefined : asked;
  const ceilingMs = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (attempt - 1));
  // Half fixed, half random, so that clients that failed together do not retry together.
  return ceilingMs / 2 + (Math.random() * ceilingMs) / 2;
}

/** Reads Retry-After (seconds or a date), or undefined when there is none that makes sense. */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
