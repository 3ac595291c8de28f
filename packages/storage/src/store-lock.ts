/**
 * The store lock serializes commits of images and collections, so that they rarely meet.
 * Correctness does not depend on it: a clock that jumps, a suspended machine or a long pause can
 * give it to two holders at once, and every step is still right then. It is never taken by run,
 * exec and ps; the library is loaded when the lock is first taken.
 *
 * proper-lockfile makes data/lock, a directory, and touches it each second; a killed holder delays
 * the next one by the stale time.
 */
import { lstatSync, rmSync } from 'node:fs';
import { ConflictError } from '@berth/errors';
import { attempt, codeOf, ifThere, storeError } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { ensureDirectory } from './whole-file.ts';

const STALE_MS = 3000;
const UPDATE_MS = 1000;
const FULL = ['ENOSPC', 'EDQUOT'];
const PATIENCE_MS = 60_000;
const FIRST_WAIT_MS = 10;
const LAST_WAIT_MS = 200;

/** Takes the lock and returns its release; tests replace it to have two holders. */
export type Acquire = (layout: Layout) => Promise<() => Promise<void>>;

/** The lock of one store, as this process holds it. */
export class StoreLock {
  readonly #layout: Layout;
  readonly #acquire: Acquire;
  #depth = 0;

  constructor(layout: Layout, acquire: Acquire = acquireLock) {
    this.#layout = layout;
    this.#acquire = acquire;
  }

  /**
   * The result of `action`, run while this process holds the lock; released afterwards in any
   * case. Nested calls in one process run at once. Throws a ConflictError after about a minute.
   */
  async hold<T>(action: () => T | Promise<T>): Promise<T> {
    const release = this.#depth > 0 ? undefined : await this.#acquire(this.#layout);
    this.#depth += 1;
    try {
      return await action();
    } finally {
      this.#depth -= 1;
      await release?.();
    }
  }
}

async function acquireLock(layout: Layout): Promise<() => Promise<void>> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 1.5, LAST_WAIT_MS)) {
    ensureDirectory(layout.data);
    const release = await tryLock(layout);
    if (release !== undefined) return release;
    if (performance.now() > deadlineMs) throw busy(layout);
    await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
  }
}

/**
 * Undefined while another process holds the lock. The library's own retries are not used, because
 * they would also repeat what can't succeed.
 */
async function tryLock(layout: Layout): Promise<(() => Promise<void>) | undefined> {
  const library = await import('proper-lockfile');
  try {
    const release = await library.lock(layout.data, {
      lockfilePath: layout.lock,
      realpath: false,
      stale: STALE_MS,
      update: UPDATE_MS,
      retries: 0,
      // Steps under the lock are correct with two holders too, so losing it changes nothing.
      onCompromised: () => undefined,
    });
    return () => releaseQuietly(release);
  } catch (error) {
    // ENOENT: the store was reset in this moment.
    const isPassing = ['ELOCKED', 'ENOENT'].includes(codeOf(error) ?? '');
    if (clearPlace(layout.lock, Date.now()) || isPassing) return undefined;
    // On a full disk only a collection helps, and it is correct without the lock.
    if (FULL.includes(codeOf(error) ?? '')) return () => Promise.resolve();
    throw storeError(error, 'lock', layout.lock);
  }
}

/**
 * True if something else was in the lock's place and is removed; a link is not followed. A lock
 * with a time in the future is also removed: the clock was set back, and a living holder would have
 * updated the time.
 */
function clearPlace(lock: string, nowMs: number): boolean {
  const place = ifThere(() => lstatSync(lock));
  if (place === undefined) return false;
  if (place.isDirectory() && place.mtimeMs < nowMs + STALE_MS) return false;
  attempt('remove', lock, () => rmSync(lock, { recursive: true, force: true }));
  return true;
}

function busy(layout: Layout): ConflictError {
  return new ConflictError('STORE_BUSY', `lock "${layout.lock}": another command holds it`, {
    hint: 'wait for the other pull, load or prune to end, then try again',
  });
}

/** A lock that was lost meanwhile can't be released. */
async function releaseQuietly(release: () => Promise<void>): Promise<void> {
  try {
    await release();
  } catch (error) {
    const expected = ['ERELEASED', 'ENOTACQUIRED', 'ECOMPROMISED', 'ENOENT'];
    if (!expected.includes(codeOf(error) ?? '')) throw error;
  }
}
