/**
 * driver.json: how layers become root file systems in this store, and how the store keeps owners.
 * It is chosen once, by trying the file system before anything is stored; every later command
 * reads it.
 */
import { linkSync, unlinkSync } from 'node:fs';
import { attempt, codeOf } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import type { Staging } from './staging.ts';
import { moveInto, readRecord } from './whole-file.ts';

/**
 * `overlay`: the kernel's, in the user namespace; `fuse-overlayfs`: served by a program, one for
 * each container; `copy`: a tree of its own for each container.
 */
export type DriverName = 'overlay' | 'fuse-overlayfs' | 'copy';

/**
 * `native`: files belong to the owner that they are given to; `xattr`: they belong to the user, an
 * attribute records the owner; `ledger`: they belong to the user, a separate file records the
 * owner.
 */
export type OwnerKeeping = 'native' | 'xattr' | 'ledger';

/** Content of driver.json. */
export interface DriverRecord {
  readonly version: 1;
  readonly driver: DriverName;
  readonly owners: OwnerKeeping;
  /** The owners were tested when the user had one id; with more ids they may be native. */
  readonly hadOneId: boolean;
  /** Why the driver is not overlay: what was refused, or which flag chose the driver. */
  readonly reason?: string | undefined;
  /** The driver is `copy` because the program fuse-overlayfs is missing. */
  readonly lacksProgram?: true;
  /** No user namespace could be made: the store keeps images, and no container can be made. */
  readonly withoutNamespace?: true;
  /** The store was made so; it has layers from then, whose marks only copies understand. */
  readonly hasOldMarks?: true;
}

/** Access to driver.json. */
export class DriverFile {
  readonly #layout: Layout;
  readonly #staging: Staging;

  constructor(layout: Layout, staging: Staging) {
    this.#layout = layout;
    this.#staging = staging;
  }

  /** Undefined if no driver was chosen yet. */
  read(): DriverRecord | undefined {
    return readRecord<DriverRecord>(this.#layout.driver);
  }

  /** The store has a record: this one, or that of a faster command. Returns the one that it has. */
  choose(record: DriverRecord): DriverRecord {
    const path = this.#layout.driver;
    this.#staging.withFile(JSON.stringify(record), (temporary) => {
      try {
        linkSync(temporary, path);
      } catch (error) {
        // Without hard links the last writer wins; all of them tested the same file system.
        if (codeOf(error) !== 'EEXIST') return moveInto(temporary, path);
      }
      attempt('remove', temporary, () => unlinkSync(temporary));
    }, 'durable');
    return this.read() ?? record;
  }

  /** The record is this one from now on. */
  replace(record: DriverRecord): void {
    this.#staging.replaceFile(this.#layout.driver, JSON.stringify(record), 'durable');
  }
}
