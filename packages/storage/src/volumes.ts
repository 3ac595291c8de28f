/**
 * volumes/: data that outlives containers. A volume appears whole by one rename; its record never
 * changes; _data belongs to whoever mounts it.
 */
import { chmodSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError, IntegrityError, NotFoundError } from '@berth/errors';
import { lockFile, type LockKind, type Release } from './file-lock.ts';
import { attempt, ifThere, unless } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { checkName, isName, randomId } from './names.ts';
import { briefPauses } from './put-back.ts';
import type { VolumeRecord } from './records.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import {
  ensureDirectory, listDirectory, readRecord, renameUnlessTaken, unlessDamaged, writeNewFile,
} from './whole-file.ts';

/** What `create` makes. */
export interface CreateVolume {
  /** Absent: an anonymous volume with a random name of 64 hex digits. */
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly options?: Readonly<Record<string, string>> | undefined;
  /** If a volume of that name exists, its record is returned. */
  readonly ignoreExisting?: boolean | undefined;
  /** Removed with its container; by default true for a volume without a given name. */
  readonly anonymous?: boolean | undefined;
  /** Changes the owner of its data folder, before anyone sees it. */
  readonly give?: ((data: string) => void) | undefined;
}

const RECORD = 'record.json';
const DATA = '_data';
const DATA_MODE = 0o755;
/** Others hold the lock for some milliseconds; a stopped process holds it for ever. */
const LOCK_PATIENCE_MS = 3000;

/** Access to volumes/. */
export class VolumeStore {
  readonly #layout: Layout;
  readonly #staging: Staging;
  readonly #trash: Trash;

  constructor(layout: Layout, staging: Staging, trash: Trash) {
    this.#layout = layout;
    this.#staging = staging;
    this.#trash = trash;
  }

  /** volumes/<name>/_data. Throws a UsageError for an invalid name. */
  dataPath(name: string): string {
    return join(this.#directory(name), DATA);
  }

  /**
   * The volume exists. Throws a ConflictError when the name is taken, a UsageError when it is
   * invalid. Atomic: of two creators only one makes it.
   */
  create(request: CreateVolume): VolumeRecord {
    const record: VolumeRecord = {
      version: 1,
      name: request.name ?? randomId(),
      driver: 'local',
      createdAtMs: Date.now(),
      labels: request.labels ?? {},
      options: request.options ?? {},
      anonymous: request.anonymous ?? request.name === undefined,
      ...(request.give === undefined ? {} : { isOwned: true }),
    };
    const target = this.#directory(record.name);
    const directory = this.#stage(record);
    this.#give(directory, request);
    ensureDirectory(this.#layout.volumes);
    if (renameUnlessTaken(directory, target)) return record;
    this.#staging.remove(directory);
    if (request.ignoreExisting === true) return this.find(record.name) ?? this.create(request);
    throw new ConflictError('VOLUME_EXISTS', `create volume "${record.name}": it exists already`, {
      hint: `berth volume create --ignore ${record.name}`,
    });
  }

  /**
   * The record, or undefined when there is no such volume. Throws an IntegrityError when the record
   * of an existing volume is damaged or missing.
   */
  find(name: string): VolumeRecord | undefined {
    const record = readRecord<VolumeRecord>(join(this.#directory(name), RECORD));
    if (record !== undefined || !this.isThere(name)) return record;
    throw new IntegrityError('DAMAGED_VOLUME', `read volume "${name}": it has no record`, {
      hint: 'berth system check --repair',
    });
  }

  /**
   * The volume of that name, else the one whose name begins with `text`. Throws a NotFoundError.
   */
  resolve(text: string): VolumeRecord {
    const record = this.find(this.nameOf(text));
    if (record !== undefined) return record;
    throw noSuchVolume('find', text);
  }

  /** The name that resolve() would find. Does not depend on the content of the volume's record. */
  nameOf(text: string): string {
    if (isName(text) && this.isThere(text)) return text;
    const matches = text === '' ? [] : this.#names().filter((name) => name.startsWith(text));
    const [only] = matches;
    if (only === undefined) throw noSuchVolume('find', text);
    if (matches.length === 1) return only;
    throw new ConflictError('AMBIGUOUS_VOLUME', `find volume "${text}": it fits ` +
      `${matches.length} volumes`, { hint: 'berth volume ls' });
  }

  /** True when something is in the volume's place, damaged or not. */
  isThere(name: string): boolean {
    const path = this.#directory(name);
    return attempt('look at', path, () => ifThere(() => lstatSync(path))) !== undefined;
  }

  exists(name: string): boolean {
    return isName(name) && this.find(name) !== undefined;
  }

  /** All volumes, sorted by name. Damaged records are left out. */
  list(): VolumeRecord[] {
    return this.#names().sort().flatMap((name) => unlessDamaged(() => this.find(name)) ?? []);
  }

  /**
   * The volume is in the trash; returns its path there. `usedBy` gives the containers that mount
   * it. Only the holder of its record's lock may remove a volume. So it stays at its place until
   * that is decided, and a kill before leaves it there. Throws a NotFoundError, or a ConflictError
   * when it is in use (exit status 2).
   */
  remove(name: string, usedBy: () => readonly string[]): string {
    requireUnused(name, usedBy());
    const release = this.#lockWhenFree(name, 'exclusive');
    try {
      requireUnused(name, usedBy());
      const trashed = this.#trash.take(this.#directory(name), 'tree');
      if (trashed !== undefined) return trashed;
    } finally {
      release?.();
    }
    throw noSuchVolume('remove', name);
  }

  /**
   * What the supervisor does with an anonymous volume at the end of a `--rm` container, unless
   * another container mounts it: the same as remove().
   */
  exitRemoval(name: string): { readonly from: string; readonly to: string } {
    return { from: this.#directory(name), to: this.#trash.path('tree') };
  }

  /**
   * True when the volume exists; a later removal then sees the containers that exist by now. Throws
   * a ConflictError when a removal does not end in time.
   */
  isKept(name: string): boolean {
    const release = this.#lockWhenFree(name, 'shared');
    release?.();
    return release !== undefined && this.exists(name);
  }

  /** Undefined if there is nothing to lock: no volume, or a damaged one. */
  #lockWhenFree(name: string, kind: LockKind): Release | undefined {
    const path = join(this.#directory(name), RECORD);
    for (const pause of briefPauses(LOCK_PATIENCE_MS)) {
      const fd = openRecord(path, kind);
      if (fd === undefined) return undefined;
      const lock = lockFile(fd, path, kind);
      if (typeof lock === 'function') return lock;
      if (lock === 'held') pause();
    }
    throw new ConflictError('VOLUME_BUSY', `use volume "${name}": another command is about to ` +
      'remove it, or to use it', { hint: `fuser -v ${path}` });
  }

  #names(): string[] {
    return listDirectory(this.#layout.volumes).filter(isName);
  }

  #directory(name: string): string {
    checkName('volume', name);
    return join(this.#layout.volumes, name);
  }

  #give(directory: string, { give }: CreateVolume): void {
    try {
      give?.(join(directory, DATA));
    } catch (error) {
      this.#staging.remove(directory);
      throw error;
    }
  }

  #stage(record: VolumeRecord): string {
    const directory = this.#staging.makeDirectory('volume');
    const data = join(directory, DATA);
    attempt('make directory', data, () => {
      mkdirSync(data);
      chmodSync(data, DATA_MODE);
    });
    writeNewFile(join(directory, RECORD), JSON.stringify(record), 'durable');
    return directory;
  }
}

/**
 * Undefined if there is no record, or no regular one. Locks on network file systems need a writable
 * file.
 */
function openRecord(path: string, kind: LockKind): number | undefined {
  const { O_RDONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = (kind === 'shared' ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK;
  return attempt('open', path, () => ifThere(() =>
    unless(['ELOOP', 'EISDIR', 'ENXIO', 'EACCES', 'ENOTDIR'], () => openSync(path, flags))));
}

function noSuchVolume(action: string, name: string): NotFoundError {
  return new NotFoundError('NO_SUCH_VOLUME', `${action} volume "${name}": no such volume`, {
    hint: 'berth volume ls',
  });
}

function requireUnused(name: string, users: readonly string[]): void {
  if (users.length === 0) return;
  const ids = users.map((id) => id.slice(0, 12)).join(', ');
  throw new ConflictError('VOLUME_IN_USE', `remove volume "${name}": used by container ${ids}`, {
    hint: `berth rm ${users[0]?.slice(0, 12) ?? ''}`, exitStatus: 2,
  });
}
