/** The `volume` commands. */
import { statSync } from 'node:fs';
import { ConflictError, NotFoundError, UnsupportedError } from '@berth/errors';
import type { IdMap } from '@berth/isolation';
import type { VolumeRecord } from '@berth/storage';
import { measureTree } from '../containers/size.ts';
import { removeEach } from '../containers/remove.ts';
import { removeTrees, type Engine } from '../engine.ts';
import {
  hasLabel, matcher, namePattern, parseFlag, parseTime, type Filter,
} from '../filter.ts';
import { namingFullDisk } from '../full-disk.ts';
import { byKey } from '../by-key.ts';
import { withHidden } from '../hidden-fields.ts';
import { momentOfMs } from '../moment.ts';
import {
  isOwnFolder, ownerOfOptions, requireUsable, storedOptions, type VolumeOwner,
} from './volume-options.ts';
import { giveVolume, requireMapped } from './volume-owner.ts';

/** A volume as lists show it. */
export interface VolumeEntry {
  name: string;
  driver: string;
  mountpoint: string;
  createdAt: Date;
  labels: Record<string, string>;
  options: Record<string, string>;
  scope: 'local';
  anonymous: boolean;
  /** Read from the disk when called. */
  owner: () => VolumeOwner;
}

/** What `volume create` makes; without a name, one is chosen. */
export interface VolumeRequest {
  name: string | undefined;
  driver: string | undefined;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** The values of `--uid` and `--gid`. */
  owner: VolumeOwner;
  ignoreExisting: boolean;
}

/** The volume exists; answers its name. Throws ConflictError when it existed before. */
export function createVolume(engine: Engine, request: VolumeRequest): string {
  if (request.driver !== undefined && request.driver !== 'local') {
    throw new UnsupportedError(
      'NO_SUCH_DRIVER',
      `make a volume by the driver "${request.driver}": not supported`,
      {
        hint: 'leave --driver out',
      },
    );
  }
  requireUsable(request.options);
  const named = ownerOfOptions(request.options);
  const owner = { uid: request.owner.uid ?? named.uid, gid: request.owner.gid ?? named.gid };
  requireMapped(engine, owner);
  const isGiven = (owner.uid ?? 0) + (owner.gid ?? 0) > 0 && isOwnFolder(request.options);
  try {
    return engine.store.volumes.create({
      name: request.name,
      labels: request.labels,
      options: storedOptions(request.options, request.owner),
      ignoreExisting: request.ignoreExisting,
      give: isGiven ? (data) => giveVolume(engine, data, owner) : undefined,
    }).name;
  } catch (error) {
    const object = request.name === undefined ? '' : ` "${request.name}"`;
    throw namingFullDisk(engine, `create volume${object}`, error);
  }
}

/** The volumes that all filters accept, sorted by name. */
export function listVolumes(engine: Engine, filters: readonly Filter[]): VolumeEntry[] {
  const { volumes, containers } = engine.store;
  const isUsed = (name: string): boolean => containers.usersOfVolume(name).length > 0;
  const isAfter = (entry: VolumeEntry, name: string): boolean =>
    entry.createdAt.getTime() > volumes.resolve(name).createdAtMs;
  const accepts = matcher<VolumeEntry>(filters, {
    name: (entry, value) => namePattern(value).test(entry.name),
    driver: (entry, value) => entry.driver === value,
    scope: (entry, value) => entry.scope === value,
    label: (entry, value) => hasLabel(entry.labels, value),
    dangling: (entry, value) => isUsed(entry.name) !== parseFlag('dangling', value),
    opt: (entry, value) => hasLabel(entry.options, value),
    until: (entry, value) => entry.createdAt < parseTime(value),
    since: isAfter,
    after: isAfter,
    anonymous: (entry, value) => entry.anonymous === parseFlag('anonymous', value),
  }, ['dangling', 'anonymous']);
  return volumes
    .list()
    .map((record) => entryOf(engine, record))
    .filter(accepts);
}

function entryOf(engine: Engine, record: VolumeRecord): VolumeEntry {
  const { options } = record;
  const mountpoint = engine.store.volumes.dataPath(record.name);
  return {
    name: record.name,
    driver: record.driver,
    mountpoint,
    owner: () => (isOwnFolder(options)
      ? ownerOfFolder(engine, mountpoint) : ownerOfOptions(options)),
    createdAt: momentOfMs(record.createdAtMs),
    labels: byKey(record.labels),
    options: byKey(record.options),
    scope: 'local',
    anonymous: record.anonymous,
  };
}

/** The volume's description with Podman's keys. Throws NotFoundError. */
export function inspectVolume(engine: Engine, name: string): Record<string, unknown> {
  const entry = entryOf(engine, engine.store.volumes.resolve(name));
  const description = {
    Name: entry.name,
    Driver: entry.driver,
    Mountpoint: entry.mountpoint,
    CreatedAt: entry.createdAt,
    Labels: entry.labels,
    Scope: entry.scope,
    Options: entry.options,
    ...shownOwner(entry.owner()),
    MountCount: engine.store.containers.usersOfVolume(entry.name).length,
    ...(entry.anonymous ? { Anonymous: true } : {}),
  };
  const absent = {
    UID: 0, GID: 0, NeedsCopyUp: false, NeedsChown: false, Anonymous: false, Status: {},
    LockNumber: 0,
  };
  return withHidden(description, absent);
}

/** The id 0 is not shown, as in Podman. */
function shownOwner({ uid = 0, gid = 0 }: VolumeOwner): { UID?: number; GID?: number } {
  return { ...(uid === 0 ? {} : { UID: uid }), ...(gid === 0 ? {} : { GID: gid }) };
}

/** The owner of the folder, as containers see it. */
function ownerOfFolder({ idMaps }: Engine, folder: string): VolumeOwner {
  const status = statSync(folder, { throwIfNoEntry: false });
  return {
    uid: insideId(idMaps.uids, status?.uid ?? 0), gid: insideId(idMaps.gids, status?.gid ?? 0),
  };
}

/** The id inside containers; an id that no container has is shown as root's. */
function insideId(maps: readonly IdMap[], id: number): number {
  const found = maps.find(({ outside, count }) => id >= outside && id < outside + count);
  return found === undefined ? 0 : found.inside + id - found.outside;
}

/** The volume is removed; with force, the containers that use it too. Answers its name. */
export async function removeVolume(
  engine: Engine,
  text: string,
  { force }: { force: boolean },
): Promise<string> {
  const { volumes, containers } = engine.store;
  const name = volumes.nameOf(text);
  if (force) {
    const options = { force: true, volumes: false, timeoutSeconds: undefined };
    await removeEach(engine, containers.usersOfVolume(name), options);
  }
  await removeTrees(engine, [volumes.remove(name, () => containers.usersOfVolume(name))]);
  return name;
}

/**
 * Volumes that no container uses are removed: the anonymous ones, and with `all` the named ones
 * too.
 */
export async function pruneVolumes(
  engine: Engine,
  { filters, all }: { filters: readonly Filter[]; all: boolean },
): Promise<{ name: string; reclaimedBytes: number }[]> {
  const { containers } = engine.store;
  if (!areUsersKnown(engine)) return [];
  const pruned: { name: string; reclaimedBytes: number }[] = [];
  for (const { name, mountpoint, anonymous } of listVolumes(engine, filters)) {
    if ((all || anonymous) && containers.usersOfVolume(name).length === 0) {
      const reclaimedBytes = measureTree(mountpoint);
      if (await removeUnused(engine, name)) pruned.push({ name, reclaimedBytes });
    }
  }
  return pruned;
}

/** False, with a warning, when a container's record is damaged and so its volumes are unknown. */
function areUsersKnown({ store: { containers }, report }: Engine): boolean {
  if (containers.areRecordsReadable()) return true;
  const message = 'no volume is removed: what containers use is not known, for the record of one ' +
    'is damaged (berth system check)';
  report({ kind: 'warning', message });
  return false;
}

/** False when a container has begun to use the volume, or when it was removed meanwhile. */
async function removeUnused(engine: Engine, name: string): Promise<boolean> {
  try {
    await removeVolume(engine, name, { force: false });
    return true;
  } catch (error) {
    if (error instanceof ConflictError || error instanceof NotFoundError) return false;
    throw error;
  }
}

/** Whether a volume of exactly that name exists. */
export function volumeExists(engine: Engine, name: string): boolean {
  try {
    return engine.store.volumes.exists(name);
  } catch (error) {
    if (error instanceof NotFoundError) {
      return false;
    }
    throw error;
  }
}
