/**
 * shifted/: the layers of an image as one tree under other owners, for containers with an id map
 * of their own. A tree is made from layers/ when it is first needed, and removed together with any
 * of its layers. docs/identities.md describes its files.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt, ifThere } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import type { Staging } from './staging.ts';
import type { Trash } from './trash.ts';
import {
  ensureDirectory, listDirectory, readRecord, renameUnlessTaken, writeNewFile,
} from './whole-file.ts';

const TREE = 'fs';
const RECORD = 'record.json';
const TREE_MODE = 0o755;

/** Identifies a tree: its layers, and the id map. */
export interface ShiftedKey {
  /** Names an id map, and how the tree refers to content. */
  readonly map: string;
  readonly diffIds: readonly string[];
}

/** A shifted tree being made. */
export interface ShiftedStaging {
  readonly directory: string;
  /** Empty, to be filled. */
  readonly tree: string;
}

interface ShiftedRecord {
  readonly version: 1;
  readonly diffIds: readonly string[];
}

/** Access to shifted/. */
export class ShiftedLayerStore {
  readonly #layout: Layout;
  readonly #staging: Staging;
  readonly #trash: Trash;

  constructor(layout: Layout, staging: Staging, trash: Trash) {
    this.#layout = layout;
    this.#staging = staging;
    this.#trash = trash;
  }

  path(key: ShiftedKey): string {
    return join(this.folder(key), TREE);
  }

  /** The tree with its record. */
  folder({ map, diffIds }: ShiftedKey): string {
    const chain = createHash('sha256').update(diffIds.join('\n')).digest('hex');
    return join(this.#layout.shifted, map, chain);
  }

  /** All that are there. */
  folders(): string[] {
    const { shifted } = this.#layout;
    return listDirectory(shifted).flatMap((map) =>
      listDirectory(join(shifted, map)).map((chain) => join(shifted, map, chain)));
  }

  has(key: ShiftedKey): boolean {
    const path = this.path(key);
    return attempt('look at', path, () => ifThere(() => lstatSync(path))) !== undefined;
  }

  /** A place to make a tree; `commit` ends it. */
  stage(): ShiftedStaging {
    const directory = this.#staging.makeLayerDirectory();
    const tree = join(directory, TREE);
    attempt('make directory', tree, () => {
      mkdirSync(tree);
      chmodSync(tree, TREE_MODE);
    });
    return { directory, tree };
  }

  /** The tree is in the store, complete; if another command was faster, its tree stays. */
  commit({ directory }: ShiftedStaging, key: ShiftedKey): void {
    const target = this.folder(key);
    const record: ShiftedRecord = { version: 1, diffIds: key.diffIds };
    writeNewFile(join(directory, RECORD), JSON.stringify(record));
    ensureDirectory(dirname(target));
    if (!renameUnlessTaken(directory, target)) this.#trash.take(directory, 'tree');
  }

  /** Trees that lack one of their layers are in the trash. */
  sweep(layers: ReadonlySet<string>): void {
    for (const path of this.folders()) {
      const record = readRecord<ShiftedRecord>(join(path, RECORD));
      const isWhole = record?.diffIds.every((diffId) => layers.has(diffId)) ?? false;
      if (!isWhole) this.#trash.take(path, 'tree');
    }
  }
}
