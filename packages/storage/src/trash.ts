/**
 * trash/: removal in two steps. A rename takes the thing from its readers at once; the tree goes
 * later, by any writer that has the time. Trees may hold files of subordinate ids, which only
 * root of the user namespace can remove: for those the engine hands in `removeTrees`.
 */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '@berth/errors';
import { attempt, ifThere, unless } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import type { Staging } from './staging.ts';
import { ensureDirectory, listDirectory } from './whole-file.ts';

/** The trees at `paths`, all below trash/, are gone afterwards. Files may vanish meanwhile. */
export type RemoveTrees = (paths: readonly string[]) => Promise<void>;

/** `tree`: may hold files of other ids; `plain`: files of the user alone. */
export type TrashKind = 'tree' | 'plain';

/** Access to trash/. */
export class Trash {
  readonly #layout: Layout;
  readonly #staging: Staging;

  constructor(layout: Layout, staging: Staging) {
    this.#layout = layout;
    this.#staging = staging;
  }

  /** A path below trash/ that nobody else has; nothing is made but trash/ itself. */
  path(kind: TrashKind): string {
    ensureDirectory(this.#layout.trash);
    return join(this.#layout.trash, `${this.#staging.owner()},${kind}`);
  }

  /**
   * `path` is gone for readers; the trash path is where it went. Undefined when it was not there:
   * of two removers one gets it.
   */
  take(path: string, kind: TrashKind): string | undefined {
    const target = this.path(kind);
    return attempt('remove', path, () => {
      const taken = ifThere(() => (renameSync(path, target), true));
      return taken === undefined ? undefined : target;
    });
  }

  /**
   * What `take` moved to `trashed` is at `path` again, unless something new is there: then it
   * stays in the trash.
   */
  putBack(trashed: string, path: string): void {
    attempt('put back', path, () => {
      unless(['ENOTEMPTY', 'EEXIST', 'ENOENT'], () => renameSync(trashed, path));
    });
  }

  /** What waits to be removed. */
  list(): string[] {
    return listDirectory(this.#layout.trash).map((name) => join(this.#layout.trash, name));
  }

  /**
   * Removes what is in the trash, as far as it can: trees of other ids only with `removeTrees`.
   * Answers the paths that are left for another time; what stands in the way stops nobody.
   */
  async empty(removeTrees?: RemoveTrees): Promise<string[]> {
    const left = this.list().filter((path) => !removePlain(path));
    if (left.length === 0 || removeTrees === undefined) return left;
    try {
      await removeTrees(left);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
    return this.list();
  }
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
