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

/** A start or an end under way takes tenths of a second, more where the disk has much to write. */
const LOCK_PATIENCE_MS = 10_000;

/** How far a removal goes. */
export interface RemoveOptions {
  force: boolean;
  /** With force: one that runs elsewhere too, named by a user who knows that it is gone. */
  elsewhere?: boolean;
  /** Anonymous volumes go too. */
  volumes: boolean;
  timeoutSeconds: number | undefined;
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

/** As removeContainer(), for a full id. One that goes away meanwhile is gone as well. */
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
  // Of a damaged one the volumes stay, for `volume prune`.
  const record = readableRecord(engine, id);
  const trees = [containers.remove(id)];
  // Left where the supervisor was killed, and could not tidy up itself.
  rmSync(containers.paths(id).runDirectory, { recursive: true, force: true });
  lock();
  if (record !== undefined && (options.volumes || record.request.remove)) {
    trees.push(...takeUnused(engine, record.anonymousVolumes));
  }
  await removeTrees(engine, trees.filter((tree) => tree !== undefined));
}

/** The containers are gone, as removeById() says; none of them when one runs elsewhere. */
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
 * The container is at rest and stays so until the lock is given back: no supervisor starts or
 * tidies up. Undefined when it is gone. Throws ConflictError when it runs and force is not asked
 * for, or when another command does not let go of it.
 */
async function lockAtRest(
  engine: Engine,
  id: string,
  options: RemoveOptions,
): Promise<Release | undefined> {
  const { containers } = engine.store;
  // Stopping may take its whole time-out; patience with what follows begins after it.
  if ((await bringToRest(engine, id, options)) === undefined) return undefined;
  for (const pause of pauses(LOCK_PATIENCE_MS)) {
    const state = await bringToRest(engine, id, options);
    if (state === undefined) return undefined;
    const lock = containers.tryLock(id);
    if (lock === 'gone') return undefined;
    if (state === 'elsewhere' && lock === 'held') return passOver(engine, id, options);
    if (lock !== 'held') {
      if (state === 'elsewhere') return lock;
      if (isAtRest(engine, id)) return lock;
      lock();
    }
    await pause();
  }
  if (options.force && (await endSupervisor(id))) {
    return lockAtRest(engine, id, options);
  }
  throw new ConflictError(
    'CONTAINER_BUSY',
    `remove container "${containers.name(id)}": another command is at work on it`,
    { hint: options.force ? undefined : `berth rm --force ${containers.name(id)}` },
  );
}

/**
 * For a container that runs elsewhere, and whose lock is held. Another machine may be gone for
 * good with a lock of its; one that is held in this boot has a living holder, who is ended where
 * he can be seen. Throws ConflictError where he can't.
 */
async function passOver(
  engine: Engine,
  id: string,
  options: RemoveOptions,
): Promise<Release | undefined> {
  if (!isOfThisBoot(engine, id)) return () => undefined;
  if (await endSupervisor(id)) return lockAtRest(engine, id, options);
  const { name, state } = engine.store.containers.entry(id);
  const place = state.hostName ?? 'another pid namespace';
  throw new ConflictError(
    'RUNNING_ELSEWHERE',
    `remove container "${name}": it runs in another pid namespace (${place}), whose processes ` +
      'are not seen from here',
    { hint: `berth rm --force ${name} there` },
  );
}

/** For who holds the lock: of those elsewhere in this boot it is the sign of life, and his own. */
function isAtRest(engine: Engine, id: string): boolean {
  const state = stateIfThere(engine, id)?.state;
  if (state === 'elsewhere') return isOfThisBoot(engine, id);
  return state === undefined || isAllowed('remove', state);
}

function isOfThisBoot({ store }: Engine, id: string): boolean {
  return store.containers.entry(id).summary.bootId === store.staging.facts().bootId;
}

/** The state it is in then; undefined when it is gone. */
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

/** Every container at rest that the filters accept is gone, but those that `run` is starting. */
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
      // It was started meanwhile.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  return pruned;
}

function isBeingStarted(engine: Engine, id: string): boolean {
  const record = readableRecord(engine, id);
  return record !== undefined && isMakerAlive(record, engine.store.staging.facts());
}
