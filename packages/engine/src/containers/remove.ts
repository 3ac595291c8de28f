/** `rm` and `container prune`: remove containers, together with what was made for them alone. */
import { rmSync } from 'node:fs';
import { ConflictError } from '@berth/errors';
import { isMakerAlive, type DerivedState, type Release } from '@berth/storage';
import { measureOwn } from './size.ts';
import { removeTrees, type Engine } from '../engine.ts';
import { requirePruneFilters, type Filter } from '../filter.ts';
import { isAllowed, requireAllowed, runsElsewhere } from '../lifecycle.ts';
import { matchingContainers } from './container-filters.ts';
import { readableRecord } from './listed-record.ts';
import { endNow, stopById } from './stop.ts';
import { endSupervisor } from './supervisor-process.ts';
import { takeUnused } from './volumes.ts';
import { pauses, stateIfThere } from './wait.ts';

/**
 * How long to wait for the lock. A start or an end that is under way takes tenths of a second, and
 * longer when much has to be written to the disk.
 */
const LOCK_PATIENCE_MS = 10_000;

/** How far a removal goes. */
export interface RemoveOptions {
  force: boolean;
  /**
   * With force: also remove a container that seems to run elsewhere, because the user knows that it
   * is gone.
   */
  elsewhere?: boolean;
  /** Remove the container's anonymous volumes too. */
  volumes: boolean;
  timeoutSeconds: number | undefined;
}

interface LockOptions extends RemoveOptions {
  /** The lock's holder was killed. An ending process gives its files up last. */
  isKilled?: boolean;
}

/** The container is gone; answers its id. Throws ConflictError (status 2) when it runs. */
export async function removeContainer(
  engine: Engine,
  name: string,
  options: RemoveOptions,
): Promise<string> {
  const id = engine.store.containers.resolve(name);
  await removeById(engine, id, options);
  return id;
}

/**
 * As removeContainer(), for a full id. Does nothing when another command has removed the container
 * meanwhile.
 */
export async function removeById(
  engine: Engine,
  id: string,
  options: RemoveOptions,
): Promise<void> {
  const { containers } = engine.store;
  const lock = await lockAtRest(engine, id, options);
  if (lock === undefined) {
    return;
  }
  // When the record is damaged, the volumes are unknown; they stay until `volume prune`.
  const record = readableRecord(engine, id);
  const trees = [containers.remove(id)];
  // This folder is still there when the supervisor was killed and could not remove it.
  rmSync(containers.paths(id).runDirectory, { recursive: true, force: true });
  lock();
  if (record !== undefined && (options.volumes || record.request.remove)) {
    trees.push(...takeUnused(engine, record.anonymousVolumes));
  }
  await removeTrees(engine, trees.filter((tree) => tree !== undefined));
}

/**
 * The containers are removed as by removeById(). None is removed when one of them runs elsewhere.
 */
export async function removeEach(
  engine: Engine,
  ids: readonly string[],
  options: RemoveOptions,
): Promise<void> {
  for (const id of ids) {
    const found = stateIfThere(engine, id);
    if (found?.state !== 'elsewhere') continue;
    throw runsElsewhere('remove', { name: engine.store.containers.name(id), host: found.hostName });
  }
  for (const id of ids) await removeById(engine, id, options);
}

/**
 * Stops the container as far as the options allow, and locks it. While the lock is held no
 * supervisor starts or tidies up. Undefined when the container is gone. Throws ConflictError when
 * it runs and force was not asked for, or when another command keeps the lock.
 */
async function lockAtRest(
  engine: Engine,
  id: string,
  options: LockOptions,
): Promise<Release | undefined> {
  const { containers } = engine.store;
  const isKilled = options.isKilled === true;
  // Stopping may take its whole time-out. The time limit for the lock begins only after that.
  if ((await bringToRest(engine, id, options)) === undefined) return undefined;
  for (const pause of pauses(LOCK_PATIENCE_MS)) {
    const state = await bringToRest(engine, id, options);
    if (state === undefined) return undefined;
    const lock = containers.tryLock(id);
    if (lock === 'gone') return undefined;
    if (state === 'elsewhere' && lock === 'held' && !isKilled) {
      return passOver(engine, id, options);
    }
    if (lock !== 'held') {
      if (state === 'elsewhere') return lock;
      if (isAtRest(engine, id)) return lock;
      lock();
    }
    await pause();
  }
  if (options.force && !isKilled && (await endSupervisor(id))) {
    return lockAtRest(engine, id, { ...options, isKilled: true });
  }
  throw new ConflictError(
    'CONTAINER_BUSY',
    `remove container "${containers.name(id)}": another command is at work on it`,
    { hint: options.force ? undefined : `berth rm --force ${containers.name(id)}` },
  );
}

/**
 * For a locked container that runs elsewhere. If the lock was taken by another machine or before a
 * reboot, that machine may never come back, and the lock is ignored. If it was taken in this boot,
 * its holder is alive, and is ended when its process can be seen from here. Throws ConflictError
 * when the process can't be seen.
 */
async function passOver(
  engine: Engine,
  id: string,
  options: RemoveOptions,
): Promise<Release | undefined> {
  if (!isOfThisBoot(engine, id)) return () => undefined;
  if (await endSupervisor(id)) return lockAtRest(engine, id, { ...options, isKilled: true });
  const { name, state } = engine.store.containers.entry(id);
  const place = state.hostName ?? 'another pid namespace';
  throw new ConflictError(
    'RUNNING_ELSEWHERE',
    `remove container "${name}": it runs in another pid namespace (${place}), whose processes ` +
      'are not seen from here',
    { hint: `berth rm --force ${name} there` },
  );
}

/**
 * Asked by a caller that holds the lock itself. For a container that runs elsewhere in this boot,
 * the supervisor's lock is its only sign of life; since the caller has the lock, that supervisor is
 * gone.
 */
function isAtRest(engine: Engine, id: string): boolean {
  const state = stateIfThere(engine, id)?.state;
  if (state === 'elsewhere') return isOfThisBoot(engine, id);
  return state === undefined || isAllowed('remove', state);
}

function isOfThisBoot({ store }: Engine, id: string): boolean {
  return store.containers.entry(id).summary.bootId === store.staging.facts().bootId;
}

/**
 * Stops the container as far as the options allow. Answers the state in which it was found;
 * undefined when it is gone.
 */
async function bringToRest(
  engine: Engine,
  id: string,
  options: RemoveOptions,
): Promise<DerivedState['state'] | undefined> {
  const { containers } = engine.store;
  const found = stateIfThere(engine, id);
  if (found === undefined) return undefined;
  const { state, hostName, run } = found;
  if ((state === 'running' || state === 'paused') && options.force) {
    await stopById(engine, id, { timeoutSeconds: options.timeoutSeconds });
  } else if (state === 'stopping') {
    await endNow(engine, id, run);
  } else if (!(state === 'elsewhere' && options.force && options.elsewhere === true)) {
    requireAllowed('remove', { name: containers.name(id), state, host: hostName });
  }
  return state;
}

/** Something that was removed, and the bytes that it took. */
export interface Reclaimed {
  id: string;
  reclaimedBytes: number;
}

/**
 * All stopped containers that the filters accept are removed, except those that a `run` is just
 * starting.
 */
export async function pruneContainers(
  engine: Engine,
  filters: readonly Filter[],
): Promise<Reclaimed[]> {
  requirePruneFilters(filters);
  const pruned: Reclaimed[] = [];
  for (const { id, state } of matchingContainers(engine, filters)) {
    if (!['created', 'exited', 'unknown'].includes(state.state)) continue;
    if (state.state === 'created' && isBeingStarted(engine, id)) continue;
    const reclaimedBytes = measureOwn(engine, id);
    try {
      await removeById(engine, id, { force: false, volumes: true, timeoutSeconds: undefined });
      pruned.push({ id, reclaimedBytes });
    } catch (error) {
      // Another command has started the container meanwhile.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  return pruned;
}

function isBeingStarted(engine: Engine, id: string): boolean {
  const record = readableRecord(engine, id);
  return record !== undefined && isMakerAlive(record, engine.store.staging.facts());
}
