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
 * `native`: files belong to whoever they are given to; `xattr`: to the user, with the owner in an
 * attribute; `ledger`: to the user, the owner is kept beside.
 */
export type OwnerKeeping = 'native' | 'xattr' | 'ledger';

/** Content of driver.json. */
export interface DriverRecord {
  readonly version: 1;
  readonly driver: DriverName;
  readonly owners: OwnerKeeping;
  /** Owners were tried by a user who had one id: with more they may be native. */
  readonly hadOneId: boolean;
  /** Why it is not overlay: what was refused, or by which flag it was chosen. */
  readonly reason?: string | undefined;
  /** It is `copy` for want of the program fuse-overlayfs. */
  readonly lacksProgram?: true;
}

/** Access to driver.json. */
export class DriverFile {
  readonly #layout: Layout;
  readonly #staging: Staging;

  constructor(layout: Layout, staging: Staging) {
    this.#layout = layout;
    this.#staging = staging;
  }

  /** Undefined while nothing was chosen. */
  read(): DriverRecord | undefined {
    return readRecord<DriverRecord>(this.#layout.driver);
  }

  /** The store has a record: this one, or that of a command that was faster. Answers it. */
  choose(record: DriverRecord): DriverRecord {
    const path = this.#layout.driver;
    this.#staging.withFile(JSON.stringify(record), (temporary) => {
      try {
        linkSync(temporary, path);
      } catch (error) {
        // Without hard links the last one wins; those who try one file system find the same.
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
