/**
 * trash/: removal in two steps. A rename takes the thing from its readers at once; the tree goes
 * later, by any writer that has the time. Trees may hold files of subordinate ids, which only
 * root of the user namespace can remove: for those the engine hands in `removeTrees`.
 */
import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError } from '@berth/errors';
import { attempt, ifThere, unless } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { isOwnerDead } from './owner.ts';
import type { Staging } from './staging.ts';
import { PRIVATE_DIRECTORY, ensureDirectory, listOwnDirectory } from './whole-file.ts';

/** The trees at `paths`, all below trash/, are gone afterwards. Files may vanish meanwhile. */
export type RemoveTrees = (paths: readonly string[]) => Promise<void>;

/** `tree`: may hold files of other ids; `plain`: files of the user alone. */
export type TrashKind = 'tree' | 'plain';

/** What was taken for a look whether somebody needs it; one of the two ends it. */
export interface Held {
  /** Where it is meanwhile. */
  readonly trashed: string;
  /** It is at its place again, unless something new is there: then it stays in the trash. */
  putBack(): void;
  /** It is trash like any other. */
  giveUp(): void;
}

/** Access to trash/. */
export class Trash {
  readonly #layout: Layout;
  readonly #staging: Staging;
  /** Names that this process gave out. */
  readonly #own = new Set<string>();
  readonly #held = new Set<string>();

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
    return attempt('remove', path, () => {
      const taken = ifThere(() => (moveEvenLocked(path, target), true));
      return taken === undefined ? undefined : target;
    });
  }

  /** As `take`, of what may be needed after all: no other command removes it meanwhile. */
  hold(path: string, kind: TrashKind): Held | undefined {
    const trashed = this.take(path, kind);
    if (trashed === undefined) return undefined;
    const name = basename(trashed);
    this.#held.add(name);
    return {
      trashed,
      putBack: () => {
        attempt('put back', path, () => {
          unless(['ENOTEMPTY', 'EEXIST', 'ENOENT'], () => renameSync(trashed, path));
        });
        this.#held.delete(name);
      },
      giveUp: () => {
        this.#held.delete(name);
      },
    };
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
    return listOwnDirectory(this.#layout.trash).filter((name) => !this.#held.has(name))
      .map((name) => join(this.#layout.trash, name))
      .filter((path) => this.#own.has(basename(path)) || this.#isLeft(path));
  }

  #isLeft(path: string): boolean {
    const status = attempt('look at', path, () => ifThere(() => lstatSync(path)));
    const owner = basename(path).replace(/,[^,]*$/, '');
    return status !== undefined && isOwnerDead(owner, status.ctimeMs, this.#staging.facts());
  }
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
