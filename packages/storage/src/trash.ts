/**
 * trash/: removal in two steps. A rename hides a thing from its readers at once; any writer that
 * has the time deletes the tree later. A thing that was taken away only for a check whether
 * anything needs it has the name of its place in its own name: if the checking command is killed,
 * others put it back. Trees may hold files of subordinate ids, which only root of the user
 * namespace can remove: for those the engine passes `removeTrees`.
 */
import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EngineError } from '@berth/errors';
import { attempt, ifThere, unless } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { isId } from './names.ts';
import { isOwnerDead } from './owner.ts';
import type { Staging } from './staging.ts';
import {
  PRIVATE_DIRECTORY, ensureDirectory, listDirectory, listOwnDirectory,
} from './whole-file.ts';

/** The trees at `paths`, all below trash/, are gone afterwards. Files may vanish meanwhile. */
export type RemoveTrees = (paths: readonly string[]) => Promise<void>;

/** `tree`: may hold files of other ids; `plain`: files of the user alone. */
export type TrashKind = 'tree' | 'plain';

/** What was taken for a look whether somebody needs it; one of the two ends it. */
export interface Held {
  /** It is at its place again, unless something new is there: then it stays in the trash. */
  putBack(): void;
  /** It is trash like any other. */
  giveUp(): void;
}

/** The last part of a name: how to remove it, or where it belongs. */
const KIND = /,([^,]*)$/;
const HELD_FROM = ['layers', 'blobs', 'images'] as const;

/** Access to trash/. */
export class Trash {
  readonly #layout: Layout;
  readonly #staging: Staging;
  /** Names that this process gave out. */
  readonly #own = new Set<string>();

  constructor(layout: Layout, staging: Staging) {
    this.#layout = layout;
    this.#staging = staging;
  }

  /** A path below trash/ that nobody else has; nothing is made but trash/ itself. */
  path(kind: TrashKind): string {
    ensureDirectory(this.#layout.trash);
    const name = `${this.#staging.owner()},${kind}`;
    this.#own.add(name);
    return join(this.#layout.trash, name);
  }

  /**
   * `path` is gone for readers; the trash path is where it went. Undefined when it was not there:
   * of two removers one gets it.
   */
  take(path: string, kind: TrashKind): string | undefined {
    const target = this.path(kind);
    return this.#move(path, target) ? target : undefined;
  }

  /**
   * As `take`, of what may be needed after all: no other command removes it meanwhile, and what a
   * killed one had in its hands is put back.
   */
  hold(path: string, kind: TrashKind): Held | undefined {
    ensureDirectory(this.#layout.trash);
    const name = `${this.#staging.owner()},${returnAddress(this.#layout, path) ?? kind}`;
    const trashed = join(this.#layout.trash, name);
    if (!this.#move(path, trashed)) return undefined;
    return {
      putBack: () => moveBack(trashed, path),
      giveUp: () => {
        // Now it may be taken apart: what is left of it then must not come back.
        this.take(trashed, kind);
      },
    };
  }

  /** What dead commands held, all of it or `path` alone, is at its place, where that is free. */
  putBackLeft(path?: string): void {
    const wanted = path === undefined ? undefined : returnAddress(this.#layout, path);
    for (const name of listDirectory(this.#layout.trash)) {
      const address = KIND.exec(name)?.[1] ?? '';
      const place = placeOf(this.#layout, address);
      if (place === undefined || (wanted !== undefined && address !== wanted)) continue;
      const trashed = join(this.#layout.trash, name);
      if (this.#isLeft(trashed)) moveBack(trashed, place);
    }
  }

  /** What dead commands left to be removed. */
  leftovers(): string[] {
    return listOwnDirectory(this.#layout.trash).map((name) => join(this.#layout.trash, name))
      .filter((path) => this.#isLeft(path));
  }

  /**
   * Removes what this process and dead ones put into the trash, as far as it can: trees of other
   * ids only with `removeTrees`. What living ones put there they may put back. Answers the paths
   * that are left for another time; what stands in the way stops nobody.
   */
  async empty(removeTrees?: RemoveTrees): Promise<string[]> {
    this.putBackLeft();
    const left = this.removable().filter((path) => !removePlain(path));
    if (left.length === 0 || removeTrees === undefined) return left;
    try {
      await removeTrees(left);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
    return this.removable();
  }

  /** What this process put there, and what dead ones left. */
  removable(): string[] {
    return listOwnDirectory(this.#layout.trash)
      .map((name) => join(this.#layout.trash, name))
      .filter((path) => this.#own.has(basename(path)) || this.#isLeft(path));
  }

  /** False when there is nothing at `path`. */
  #move(path: string, target: string): boolean {
    return attempt('remove', path, () =>
      ifThere(() => (moveEvenLocked(path, target), true)) ?? false);
  }

  #isLeft(path: string): boolean {
    const status = attempt('look at', path, () => ifThere(() => lstatSync(path)));
    const owner = basename(path).replace(KIND, '');
    return status !== undefined && isOwnerDead(owner, status.ctimeMs, this.#staging.facts());
  }
}

/** What the place of a thing is called in its name while it is held; undefined: none that lasts. */
function returnAddress(layout: Layout, path: string): string | undefined {
  const folder = HELD_FROM.find((name) => dirname(path) === layout[name]);
  return folder === undefined ? undefined : `${folder}+${basename(path)}`;
}

function placeOf(layout: Layout, address: string): string | undefined {
  const [folder, name = ''] = address.split('+');
  const known = HELD_FROM.find((one) => one === folder);
  return known !== undefined && isId(name) ? join(layout[known], name) : undefined;
}

/** Something new may have the place: then that counts, and the old is trash. */
function moveBack(trashed: string, path: string): void {
  attempt('put back', path, () => {
    unless(['ENOTEMPTY', 'EEXIST', 'ENOENT'], () => renameSync(trashed, path));
  });
}

/** A folder changes its parent only while its user may write to it (rename(2), EACCES). */
function moveEvenLocked(path: string, target: string): void {
  if (unless(['EACCES'], () => (renameSync(path, target), true)) === true) return;
  if (lstatSync(path).isDirectory()) unless(['EPERM'], () => chmodSync(path, PRIVATE_DIRECTORY));
  renameSync(path, target);
}

/** True when the tree is gone; false when files in it are not the user's to remove. */
function removePlain(path: string): boolean {
  return attempt('remove', path, () => {
    const removed = unless(
      ['EACCES', 'EPERM', 'ENOTDIR', 'ENOTEMPTY', 'EBUSY', 'EROFS', 'EIO'],
      () => {
        rmSync(path, { recursive: true, force: true });
        return true;
      },
    );
    return removed ?? false;
  });
}
