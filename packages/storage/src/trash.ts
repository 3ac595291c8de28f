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

/** Removes the trees at `paths`, all below trash/. Files may disappear meanwhile. */
export type RemoveTrees = (paths: readonly string[]) => Promise<void>;

/** `tree`: may hold files of other ids; `plain`: files of the user alone. */
export type TrashKind = 'tree' | 'plain';

/** Something taken away while we check whether anybody needs it; call one of the two. */
export interface Held {
  /** It is at its place again. If something new is there, it stays in the trash instead. */
  putBack(): void;
  /** It is trash like any other. */
  giveUp(): void;
}

/** The last part of a name: how to remove it, or where to put it back. */
const KIND = /,([^,]*)$/;
const HELD_FROM = ['layers', 'blobs', 'images'] as const;

/** Access to trash/. */
export class Trash {
  readonly #layout: Layout;
  readonly #staging: Staging;
  /** Names that this process made. */
  readonly #own = new Set<string>();

  constructor(layout: Layout, staging: Staging) {
    this.#layout = layout;
    this.#staging = staging;
  }

  /** A path below trash/ that nobody else uses; makes nothing but trash/ itself. */
  path(kind: TrashKind): string {
    ensureDirectory(this.#layout.trash);
    const name = `${this.#staging.owner()},${kind}`;
    this.#own.add(name);
    return join(this.#layout.trash, name);
  }

  /**
   * `path` is gone for readers; returns its path in the trash. Undefined when it did not exist: of
   * two removers only one gets it.
   */
  take(path: string, kind: TrashKind): string | undefined {
    const target = this.path(kind);
    return this.#move(path, target) ? target : undefined;
  }

  /**
   * Like `take`, but for what may be needed after all: no other command removes it meanwhile, and
   * if this command is killed another one puts it back.
   */
  hold(path: string, kind: TrashKind): Held | undefined {
    ensureDirectory(this.#layout.trash);
    const name = `${this.#staging.owner()},${returnAddress(this.#layout, path) ?? kind}`;
    const trashed = join(this.#layout.trash, name);
    if (!this.#move(path, trashed)) return undefined;
    return {
      putBack: () => moveBack(trashed, path),
      giveUp: () => {
        // It is about to be removed piece by piece: its rest must never be put back.
        this.take(trashed, kind);
      },
    };
  }

  /** What dead commands held is at its place again, if that is free: all of it, or only `path`. */
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
   * Removes what this process and dead ones put into the trash, as far as possible: trees with
   * other ids only with `removeTrees`. Living processes may put theirs back, so those stay. Returns
   * the paths that remain for another time; an entry that can't be removed stops nothing.
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

/** How a held object's name says where it belongs; undefined if it has no lasting place. */
function returnAddress(layout: Layout, path: string): string | undefined {
  const folder = HELD_FROM.find((name) => dirname(path) === layout[name]);
  return folder === undefined ? undefined : `${folder}+${basename(path)}`;
}

function placeOf(layout: Layout, address: string): string | undefined {
  const [folder, name = ''] = address.split('+');
  const known = HELD_FROM.find((one) => one === folder);
  return known !== undefined && isId(name) ? join(layout[known], name) : undefined;
}

/** If something new is in the place, that stays, and the old one is trash. */
function moveBack(trashed: string, path: string): void {
  attempt('put back', path, () => {
    unless(['ENOTEMPTY', 'EEXIST', 'ENOENT'], () => renameSync(trashed, path));
  });
}

/** A folder can move to another parent only if its user may write to it (rename(2), EACCES). */
function moveEvenLocked(path: string, target: string): void {
  if (unless(['EACCES'], () => (renameSync(path, target), true)) === true) return;
  if (lstatSync(path).isDirectory()) unless(['EPERM'], () => chmodSync(path, PRIVATE_DIRECTORY));
  renameSync(path, target);
}

/** True when the tree is gone; false when the user may not remove files in it. */
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
