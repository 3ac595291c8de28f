/**
 * staging/: where things are made before a rename makes them visible. Each entry is
 * `<owner>,<purpose>`. An entry whose owner is dead was left by a killed command; any writer may
 * move it into the trash. Sessions are here too: a pull pins the layers and blobs that it relies
 * on, so that a concurrent collection leaves them alone.
 */
import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { spreadFolders } from '@berth/host';
import { attempt, codeOf, ifThere, unless } from './fs-errors.ts';
import type { Layout } from './layout.ts';
import { isOwnerDead, ownerText } from './owner.ts';
import type { LivenessFacts } from './run-state.ts';
import {
  PRIVATE_DIRECTORY, ensureDirectory, listDirectory, listOwnDirectory, moveInto, writeNewFile,
} from './whole-file.ts';

/** One entry of staging/. */
export interface StagedEntry {
  readonly path: string;
  readonly purpose: string;
  readonly isDead: boolean;
}

/** What a running command relies on; call `close` when its result is recorded, or on failure. */
export interface Session {
  /** A directory for the session's own temporary files, removed with it. */
  readonly directory: string;
  /** Collection keeps the layer while the session lives, whether it exists already or not. */
  pinLayer(diffId: string): void;
  /** The same for a blob. */
  pinBlob(digest: string): void;
  /** The pins are gone. Idempotent. */
  close(): void;
}

const PURPOSE = /^(.*),([^,]*)$/;
const SESSION = 'session';

/** Access to staging/; `readFacts` is called at most once, when an owner text is needed. */
export class Staging {
  readonly #layout: Layout;
  readonly #readFacts: () => LivenessFacts;
  #facts: LivenessFacts | undefined;

  constructor(layout: Layout, readFacts: () => LivenessFacts) {
    this.#layout = layout;
    this.#readFacts = readFacts;
  }

  facts(): LivenessFacts {
    this.#facts ??= this.#readFacts();
    return this.#facts;
  }

  /** A new owner text of this process. */
  owner(): string {
    return ownerText(this.facts());
  }

  /** A path below staging/ that nobody else has; nothing is made. `purpose` holds no comma. */
  path(purpose: string): string {
    return join(this.#layout.staging, `${this.owner()},${purpose}`);
  }

  /** A new empty directory, 0700, below staging/. */
  makeDirectory(purpose: string): string {
    const path = this.path(purpose);
    attempt('make directory', path, () => {
      try {
        mkdirSync(path, { mode: PRIVATE_DIRECTORY });
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        this.#ensureFolders();
        mkdirSync(path, { mode: PRIVATE_DIRECTORY });
      }
    });
    return path;
  }

  /**
   * The same, for the files of a layer. On ext4 each layer gets a part of the disk of its own, away
   * from what was just removed.
   */
  makeLayerDirectory(): string {
    const { staging } = this.#layout;
    this.#ensureFolders();
    attempt('prepare directory', staging, () => spreadFolders(staging));
    return this.makeDirectory('layer');
  }

  /** `path` has `content`. A crash leaves either the old content or the new, never a part. */
  replaceFile(path: string, content: string | Uint8Array, durability: 'durable' | 'fast'): void {
    this.withFile(content, (temporary) => moveInto(temporary, path), durability);
  }

  /**
   * `move` gets a new file with `content`, and renames it; if `move` throws, the file is removed.
   */
  withFile(
    content: string | Uint8Array,
    move: (temporary: string) => void,
    durability: 'durable' | 'fast' = 'fast',
  ): void {
    const temporary = this.path('file');
    ensureDirectory(this.#layout.staging);
    try {
      writeNewFile(temporary, content, durability);
      move(temporary);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  /** The entry is removed, as far as possible; a later sweep removes the rest. */
  remove(path: string): void {
    unless(['EACCES', 'EPERM', 'ENOTEMPTY', 'EROFS', 'EIO'], () => {
      rmSync(path, { recursive: true, force: true });
    });
  }

  /** Everything in staging/, and whether its maker lives. */
  entries(): StagedEntry[] {
    return listOwnDirectory(this.#layout.staging).flatMap((name) => {
      const path = join(this.#layout.staging, name);
      const found = PURPOSE.exec(name);
      const status = attempt('look at', path, () => ifThere(() => lstatSync(path)));
      if (status === undefined) return [];
      const isDead = isOwnerDead(found?.[1] ?? '', status.mtimeMs, this.facts());
      return [{ path, purpose: found?.[2] ?? '', isDead }];
    });
  }

  #ensureFolders(): void {
    // The trash is made together with the first thing that may go there. If the disk is full
    // later, no directory can be made, but removing must still work.
    ensureDirectory(this.#layout.trash);
    ensureDirectory(this.#layout.staging);
  }

  /** Pins for a command that takes time. */
  openSession(): Session {
    const directory = this.makeDirectory(SESSION);
    const pin = (name: string): void => {
      const path = join(directory, name);
      if (!listDirectory(directory).includes(name)) writeNewFile(path, '');
    };
    return {
      directory,
      pinLayer: (diffId) => pin(`layer-${diffId.replace(':', '-')}`),
      pinBlob: (digest) => pin(`blob-${digest.replace(':', '-')}`),
      close: () => this.remove(directory),
    };
  }

  /** Everything that live sessions pin, as `layer-sha256-<hex>` and `blob-sha256-<hex>`. */
  pins(): Set<string> {
    const sessions = this.entries().filter(({ purpose, isDead }) => purpose === SESSION && !isDead);
    return new Set(sessions.flatMap(({ path }) => listDirectory(path)));
  }
}
