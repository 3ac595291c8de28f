/**
 * layers/: unpacked layers under their diff id, shared by every image that has them. A layer is
 * made in staging/ and appears by one rename. If two commands pull the same layer, the second one
 * finds it in place and moves its own copy into the trash.
 *
 * The key is the diff id and not the chain id, because the tree of a layer depends only on the
 * layer's tar.
 */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError, NotFoundError } from '@berth/errors';
import { checkDigest } from './digest-path.ts';
import { fileDigest } from './file-digest.ts';
import { attempt, ifThere } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { isThereSoon } from './put-back.ts';
import type { LayerRecord } from './records.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import {
  PRIVATE_DIRECTORY, ensureDirectory, listDirectory, readRecord, renameUnlessTaken, writeNewFile,
} from './whole-file.ts';

/** A layer being unpacked. `commit` or `discard` ends it. */
export interface LayerStaging {
  readonly directory: string;
  /** Empty directory for the tree, 0755: it becomes a root directory. */
  readonly tree: string;
  /** Where the recipe goes; not made yet. */
  readonly recipe: string;
}

const TREE = 'fs';
const RECIPE = 'recipe';
const RECORD = 'record.json';
const TREE_MODE = 0o755;
const ATTEMPTS = 3;

/** Access to layers/. */
export class LayerStore {
  readonly #layout: Layout;
  readonly #staging: Staging;
  readonly #trash: Trash;

  constructor(layout: Layout, staging: Staging, trash: Trash) {
    this.#layout = layout;
    this.#staging = staging;
    this.#trash = trash;
  }

  /** layers/<hex>. Throws an IntegrityError if this is no digest. */
  path(diffId: string): string {
    return join(this.#layout.layers, checkDigest(diffId));
  }

  treePath(diffId: string): string {
    return join(this.path(diffId), TREE);
  }

  recipePath(diffId: string): string {
    return join(this.path(diffId), RECIPE);
  }

  /** True when the layer exists, complete. */
  has(diffId: string): boolean {
    const path = this.path(diffId);
    return attempt('look at', path, () => ifThere(() => lstatSync(path))) !== undefined;
  }

  /** True when the record can be read, too: an `rm -rf` by a user takes it and leaves the rest. */
  isWhole(diffId: string): boolean {
    return this.readable(diffId) !== undefined;
  }

  /** The record; undefined where there is none, or a damaged one. */
  readable(diffId: string): LayerRecord | undefined {
    try {
      return readRecord<LayerRecord>(join(this.path(diffId), RECORD));
    } catch {
      return undefined;
    }
  }

  /** The first of these layers that is missing, and that no collection puts back either. */
  missing(diffIds: readonly string[]): string | undefined {
    return diffIds.find((diffId) => !isThereSoon(
      () => this.has(diffId), () => this.#trash.putBackLeft(this.path(diffId))));
  }

  /** Throws a NotFoundError, or an IntegrityError when the record is damaged. */
  record(diffId: string): LayerRecord {
    const record = readRecord<LayerRecord>(join(this.path(diffId), RECORD));
    if (record !== undefined) return record;
    throw new NotFoundError('NO_SUCH_LAYER', `read layer "${diffId}": not in the store`, {
      hint: 'pull the image again: berth pull IMAGE',
    });
  }

  /** Like record(), but waits for a collection that may put the layer back. */
  awaitRecord(diffId: string): LayerRecord {
    this.missing([diffId]);
    return this.record(diffId);
  }

  /**
   * The record, if the layer can be used with the ids of `idMap`. Throws a ConflictError when the
   * tree was written under another map, because its owners would be wrong.
   */
  requireMap(diffId: string, idMap: string): LayerRecord {
    const record = this.awaitRecord(diffId);
    requireSameMap(record, idMap);
    return record;
  }

  /** Like requireMap(); a layer without a readable record is left to whoever needs it. */
  requireMapIfThere(diffId: string, idMap: string): void {
    const record = this.readable(diffId);
    if (record !== undefined) requireSameMap(record, idMap);
  }

  /** A place to unpack a layer; owned by this process until `commit` or `discard`. */
  stage(): LayerStaging {
    const directory = this.#staging.makeLayerDirectory();
    const tree = join(directory, TREE);
    attempt('make directory', tree, () => {
      mkdirSync(tree, { mode: PRIVATE_DIRECTORY });
      chmodSync(tree, TREE_MODE);
    });
    return { directory, tree, recipe: join(directory, RECIPE) };
  }

  /**
   * The layer is in the store under `record.diffId`, which the caller has verified. If another
   * process was first, its copy stays. Throws a SystemError; the staging still exists then.
   */
  commit(staging: LayerStaging, record: LayerRecord): void {
    const target = this.path(record.diffId);
    const recipeDigest = fileDigest(staging.recipe);
    const complete: LayerRecord = { ...record, recipeDigest };
    writeNewFile(join(staging.directory, RECORD), JSON.stringify(complete), 'durable');
    ensureDirectory(this.#layout.layers);
    for (let left = ATTEMPTS; left > 0; left -= 1) {
      if (renameUnlessTaken(staging.directory, target)) return;
      if (this.isWhole(record.diffId)) {
        this.discard(staging);
        return;
      }
      this.#trash.take(target, 'tree');
    }
    throw new ConflictError('LAYER_BUSY',
      `store layer "${record.diffId}": others keep replacing it`);
  }

  /** Like `commit`, but replaces the layer in the store, which is damaged. */
  replace(staging: LayerStaging, record: LayerRecord): void {
    this.#trash.take(this.path(record.diffId), 'tree');
    this.commit(staging, record);
  }

  /** The half-made layer is in the trash. */
  discard(staging: LayerStaging): void {
    this.#trash.take(staging.directory, 'tree');
  }

  /** Diff ids of all layers. */
  list(): string[] {
    return listDirectory(this.#layout.layers)
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((hex) => `sha256:${hex}`);
  }

  /**
   * The layer is gone for readers; returns its path in the trash. The caller must know that nothing
   * uses it.
   */
  remove(diffId: string): string | undefined {
    return this.#trash.take(this.path(diffId), 'tree');
  }
}

function requireSameMap({ diffId, idMap: former }: LayerRecord, idMap: string): void {
  if (former === idMap) return;
  throw new ConflictError('LAYER_OF_OTHER_MAP', `use layer "${diffId}": it was unpacked under ` +
    `the ids ${former}, and the ids now are ${idMap}`, {
    hint: 'restore the range in /etc/subuid, pull the images again after berth rmi --all, or use a '
      + 'store of its own: berth --root FOLDER',
  });
}
