/**
 * containers/: a container exists from the rename of its directory on, and is gone with the rename
 * to the trash. The supervisor writes everything that changes while the container lives; this
 * module only reads it. Lists are synchronous and read one small file per container.
 */
import { closeSync, constants, lstatSync, openSync, readSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError, NotFoundError } from '@berth/errors';
import { createContainer } from './container-create.ts';
import type { ContainerStoreParts, CreateContainer } from './container-create.ts';
import { isLockFree, tryLock } from './container-lock.ts';
import { pausedOr } from './paused.ts';
import { pathsOf, type ContainerPaths } from './container-paths.ts';
import type { NoLock, Release } from './file-lock.ts';
import { attempt, ifThere, unless } from './fs-errors.ts';
import { isId, isIdPrefix } from './names.ts';
import { usesImage, type ContainerRecord } from './records.ts';
import { deriveState, type DerivedState } from './run-state.ts';
import { parseExit, parseFacts, parseSummary } from './summary.ts';
import type { RunExit, RunFacts, Summary } from './summary.ts';
import { listDirectory, readIfThere, readRecord, unlessDamaged } from './whole-file.ts';

export type { CreateContainer } from './container-create.ts';
export type { ContainerPaths } from './container-paths.ts';

/** A container as lists show it: its name, its summary, and the state derived from them. */
export interface ContainerEntry {
  readonly id: string;
  readonly name: string;
  readonly summary: Summary;
  readonly state: DerivedState;
}

/**
 * What the supervisor does at the end of a `--rm` container, in this order: as remove() does, the
 * container goes before its name, so that a name never leads to nothing for long.
 */
export interface ExitRemoval {
  /** After this rename no command sees the container any more. */
  readonly rename: { readonly from: string; readonly to: string };
  /** The name's link, to be removed only if its target is still `target`. */
  readonly nameLink: { readonly path: string; readonly target: string };
  /** The tree to remove, in the trash. */
  readonly tree: string;
}

const SUMMARY_BUFFER_BYTES = 4096;
/** A container without a summary, or with something else in its place, is still listed. */
const NO_SUMMARY = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'EACCES'];

/** Access to containers/. */
export class ContainerStore {
  readonly #parts: ContainerStoreParts;
  #buffer: Buffer | undefined;

  constructor(parts: ContainerStoreParts) {
    this.#parts = parts;
  }

  /** Where the files of a container are. Does no I/O. */
  paths(id: string): ContainerPaths {
    return pathsOf(this.#parts.layout, id);
  }

  /**
   * The container exists under its name; returns its paths. Throws a ConflictError when the name is
   * taken, or when a layer or volume that it needs was removed meanwhile; nothing is left then.
   */
  create(request: CreateContainer): ContainerPaths {
    return createContainer(this.#parts, request);
  }

  /** Full ids of all containers, in no order. */
  ids(): string[] {
    return listDirectory(this.#parts.layout.containers).filter(isId);
  }

  exists(id: string): boolean {
    const path = join(this.#parts.layout.containers, id);
    return isId(id) && attempt('look at', path, () => ifThere(() => lstatSync(path))) !== undefined;
  }

  /**
   * The full id of the container that the user means: a name, a full id, or the beginning of one.
   * Names have priority. Throws a NotFoundError, or a ConflictError when several ids begin so.
   */
  resolve(text: string): string {
    const named = /^[\w][\w.-]*$/.test(text) ? this.#parts.containerNames.lookUp(text) : undefined;
    if (named !== undefined) return named;
    if (this.exists(text)) return text;
    const matches = isIdPrefix(text) ? this.ids().filter((id) => id.startsWith(text)) : [];
    const [only] = matches;
    if (matches.length > 1) {
      throw new ConflictError('AMBIGUOUS_CONTAINER', `find container "${text}": ` +
        `${matches.length} ids begin so`, { hint: 'berth ps --all --no-trunc shows full ids' });
    }
    if (only !== undefined) return only;
    throw new NotFoundError('NO_SUCH_CONTAINER', `find container "${text}": no such container`, {
      hint: 'berth ps --all',
    });
  }

  /** The container that was created last. Throws a NotFoundError when there is none. */
  latest(): string {
    const [first] = this.list();
    if (first !== undefined) return first.id;
    throw new NotFoundError('NO_SUCH_CONTAINER', 'find latest container: there are none', {
      hint: 'berth run hello',
    });
  }

  /** All containers, newest first. One read per container and one per name. */
  list(): ContainerEntry[] {
    const ids = this.ids();
    const names = this.#namesOf(ids);
    const entries: ContainerEntry[] = [];
    for (const id of ids) {
      const summary = this.#readSummary(id);
      if (summary !== undefined) entries.push(this.#entry(id, names.get(id), summary));
    }
    return entries.sort((one, other) => other.summary.createdAtMs - one.summary.createdAtMs
      || (one.id < other.id ? -1 : 1));
  }

  /** One container. Throws a NotFoundError when it is gone. */
  entry(id: string): ContainerEntry {
    const summary = this.#readSummary(id);
    if (summary === undefined) throw gone(id);
    // Looked up only when asked for: it takes a read per container, and `exec` seldom needs it.
    const name = (): string => this.name(id);
    const entry = this.#entry(id, undefined, summary);
    return Object.defineProperty({ ...entry }, 'name', { get: name, enumerable: true });
  }

  /** The state of one container, without its name. Throws a NotFoundError when it is gone. */
  state(id: string): DerivedState {
    const summary = this.#readSummary(id);
    if (summary === undefined) throw gone(id);
    return this.#entry(id, undefined, summary).state;
  }

  /** The container's name now; the beginning of its id if a crash left it without one. */
  name(id: string): string {
    return this.#namesOf([id]).get(id) ?? id.slice(0, 12);
  }

  /**
   * A container has its name before it appears, so the names are read after the ids. A folder that
   * is read during a rename may show neither name: it is read again then.
   */
  #namesOf(ids: readonly string[]): Map<string, string> {
    const { containerNames } = this.#parts;
    const names = containerNames.byId();
    return ids.every((id) => names.has(id)) ? names : containerNames.byId();
  }

  /**
   * config.json, as the engine wrote it. Throws a NotFoundError when the container is gone, an
   * IntegrityError when the file is damaged.
   */
  record<T extends ContainerRecord = ContainerRecord>(id: string): T {
    const record = readRecord<T>(this.paths(id).config);
    if (record === undefined) throw gone(id);
    return record;
  }

  /** The facts of a run, or undefined when it has none. */
  facts(id: string, run: number): RunFacts | undefined {
    const text = this.#runText(id, run, 'facts');
    return text === undefined ? undefined : parseFacts(text);
  }

  /** The exit record of a run, or undefined if there is none yet. */
  exit(id: string, run: number): RunExit | undefined {
    const text = this.#runText(id, run, 'exit');
    return text === undefined ? undefined : parseExit(text);
  }

  /**
   * The next run uses `plan`; a reader of the old plan still reads that whole. Throws a
   * NotFoundError when the container is gone.
   */
  writePlan(id: string, plan: Uint8Array): void {
    const path = this.paths(id).plan;
    this.#parts.staging.withFile(plan, (temporary) => {
      attempt('write', path, () => {
        if (ifThere(() => (renameSync(temporary, path), true)) === undefined) throw gone(id);
      });
    });
  }

  /** Takes the container's lock without waiting. Its holder may start or remove the container. */
  tryLock(id: string): Release | NoLock {
    return tryLock(this.paths(id));
  }

  /**
   * The container has the new name and lost the old one. A kill in between leaves both; then the
   * new one is the name. Throws a ConflictError when another container has the name, a
   * NotFoundError when this one is gone.
   */
  rename(id: string, name: string): void {
    const { containerNames: names } = this.#parts;
    // Another rename may take the new name away as this one does the old; a removal takes both.
    do {
      names.reserve(name, id);
      names.releaseAll(id, name);
    } while (this.exists(id) && names.lookUp(name) !== id);
    if (this.exists(id)) return;
    names.releaseAll(id);
    throw gone(id);
  }

  /**
   * The container and its name are gone for readers; returns its tree in the trash, undefined when
   * it was gone already. Callers must know that it does not run.
   */
  remove(id: string): string | undefined {
    const trashed = this.#parts.trash.take(this.paths(id).directory, 'tree');
    this.#parts.containerNames.releaseAll(id);
    return trashed;
  }

  /** The same as remove(), as steps for the supervisor at the end of a `--rm` container. */
  exitRemoval(id: string, name: string): ExitRemoval {
    const to = this.#parts.trash.path('tree');
    return {
      rename: { from: this.paths(id).directory, to },
      nameLink: { path: this.#parts.containerNames.path(name), target: id },
      tree: to,
    };
  }

  /** Ids of the containers that mount a volume. Reads every record. */
  usersOfVolume(name: string): string[] {
    return this.records().filter((record) => record.volumes.includes(name)).map(({ id }) => id);
  }

  /** Ids of the containers made from an image, or that mount it. Reads every record. */
  usersOfImage(imageId: string): string[] {
    return this.records().filter((record) => usesImage(record, imageId)).map(({ id }) => id);
  }

  /** Every readable record. */
  records<T extends ContainerRecord = ContainerRecord>(): T[] {
    return this.ids().flatMap((id) => this.#recordOrNothing<T>(id) ?? []);
  }

  /** True if every container's record can be read: then no container has needs that are unknown. */
  areRecordsReadable(): boolean {
    return this.ids().every((id) => this.#recordOrNothing(id) !== undefined || !this.exists(id));
  }

  #entry(id: string, name: string | undefined, summary: Summary): ContainerEntry {
    const evidence = {
      readExit: () => this.exit(id, summary.run), isLockFree: () => isLockFree(this.paths(id)),
    };
    const isOver = summary.run === 0 || summary.ended !== undefined;
    const facts = isOver ? NO_FACTS : this.#parts.staging.facts();
    const state = pausedOr(deriveState(summary, evidence, facts), () => this.paths(id));
    return { id, name: name ?? id.slice(0, 12), summary, state };
  }

  #readSummary(id: string): Summary | undefined {
    const path = `${this.#parts.layout.containers}/${id}/summary`;
    this.#buffer ??= Buffer.allocUnsafe(SUMMARY_BUFFER_BYTES);
    const buffer = this.#buffer;
    const text = attempt('read', path, () => unless(NO_SUMMARY, () => {
      const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        return buffer.toString('utf8', 0, readSync(fd, buffer, 0, SUMMARY_BUFFER_BYTES, null));
      } finally {
        closeSync(fd);
      }
    }));
    if (text !== undefined) return parseSummary(text);
    return this.exists(id) ? parseSummary('') : undefined;
  }

  #recordOrNothing<T extends ContainerRecord>(id: string): T | undefined {
    return unlessDamaged(() => readRecord<T>(this.paths(id).config));
  }

  #runText(id: string, run: number, file: string): string | undefined {
    const path = join(this.paths(id).runs, String(run), file);
    return unlessDamaged(() => readIfThere(path))?.toString();
  }
}

/** For states that no fact of the machine can change. */
const NO_FACTS = { host: '', bootId: '', pidNamespace: '', isAlive: () => false };

function gone(id: string): NotFoundError {
  return new NotFoundError('NO_SUCH_CONTAINER', `find container "${id.slice(0, 12)}": it is gone`, {
    hint: 'berth ps --all',
  });
}
