/**
 * images/: one record per image id, the manifests it was seen under, and the names that point to
 * it. A record appears by one rename; a name is a symlink and moves by one rename; a name whose
 * image is gone counts as absent.
 */
import { createHash } from 'node:crypto';
import { lstatSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError, IntegrityError } from '@berth/errors';
import type { BlobStore } from './blobs.ts';
import { attempt, codeOf, ifThere, storeError, unless } from './fs-errors.ts';
import { decodeImageName, encodeImageName } from './image-names.ts';
import { damagedOrigins, hasOrigin, originFiles, readOrigins } from './image-origins.ts';
import { resolveImage, type ResolveOptions } from './image-resolve.ts';
import type { LayerStore } from './layers.ts';
import type { Layout } from './layout.ts';
import { isId } from './names.ts';
import type { ImageEntry, ImageOrigin, ImageRecord } from './records.ts';
import type { Staging } from './staging.ts';
import type { StoreLock } from './store-lock.ts';
import type { Trash } from './trash.ts';
import {
  ensureDirectory, listDirectory, moveInto, readLink, readRecord,
  renameUnlessTaken, unlessDamaged, unlinkIf, writeNewFile,
} from './whole-file.ts';

export type { ResolveOptions } from './image-resolve.ts';

/** What `commit` records. */
export interface CommitImage {
  readonly record: ImageRecord;
  /** The config's exact bytes, whose SHA-256 is the image id. */
  readonly config: Uint8Array;
  readonly origins: readonly ImageOrigin[];
  /** Exact bytes of manifests and indexes to keep. */
  readonly manifests: readonly Uint8Array[];
  /** Full references that point to the image afterwards. */
  readonly names: readonly string[];
}

/** The parts of a store that images need. */
export interface ImageStoreParts {
  readonly layout: Layout;
  readonly staging: Staging;
  readonly trash: Trash;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly lock: StoreLock;
  readonly shortNames: () => ResolveOptions;
}

const RECORD = 'record.json';
const ORIGINS = 'origins';
const ATTEMPTS = 5;

/** Access to images/. */
export class ImageStore {
  readonly #parts: ImageStoreParts;

  constructor(parts: ImageStoreParts) {
    this.#parts = parts;
  }

  /**
   * The image is in the store with its names; names that pointed elsewhere have moved. Throws an
   * IntegrityError when the config does not match the id, a ConflictError `LAYER_MISSING` when a
   * layer is not in the store. Atomic per image and per name: when the image appears, it has all
   * its new names.
   */
  async commit(image: CommitImage): Promise<void> {
    const { blobs, lock } = this.#parts;
    const digest = `sha256:${image.record.id}`;
    if (`sha256:${hexOf(image.config)}` !== digest) {
      throw new IntegrityError('DIGEST_MISMATCH', `store image "${image.record.id}": its config ` +
        `has the digest "sha256:${hexOf(image.config)}"`);
    }
    const session = this.#parts.staging.openSession();
    try {
      session.pinBlob(digest);
      blobs.write(image.config);
      for (const manifest of image.manifests) {
        session.pinBlob(`sha256:${hexOf(manifest)}`);
        blobs.write(manifest);
      }
      await lock.hold(() => this.#commitRecord(image));
    } finally {
      session.close();
    }
  }

  /** The record of a full id. */
  record(id: string): ImageRecord | undefined {
    return isId(id) ? readRecord<ImageRecord>(join(this.#directory(id), RECORD)) : undefined;
  }

  /** The config's exact bytes, verified. */
  config(id: string): Buffer {
    return this.#parts.blobs.readTrusted(`sha256:${id}`);
  }

  /** All images in no order, their names in the order they were given. Omits damaged records. */
  list(): ImageEntry[] {
    const names = new Map<string, string[]>();
    for (const [name, id] of this.names()) names.set(id, [...names.get(id) ?? [], name]);
    return this.ids().flatMap((id) => {
      const record = unlessDamaged(() => this.record(id));
      return record === undefined ? [] : [{ record, names: this.#asGiven(names.get(id) ?? []) }];
    });
  }

  /** Oldest first: the time of a name's link is when the name was given. */
  #asGiven(names: string[]): string[] {
    if (names.length < 2) return names;
    const given = (name: string): number =>
      ifThere(() => lstatSync(this.#namePath(name)).mtimeMs) ?? 0;
    const times = names.sort().map((name) => [given(name), name] as const);
    return times.sort(([a], [b]) => a - b).map(([, name]) => name);
  }

  /** True if every record can be read: then no image has needs that are unknown. */
  areRecordsReadable(): boolean {
    return this.ids().every((id) => !this.exists(id)
      || (unlessDamaged(() => this.record(id)) !== undefined
        && this.damagedOrigins(id).length === 0));
  }

  /** Full ids of all images. */
  ids(): string[] {
    return listDirectory(this.#parts.layout.images).filter(isId);
  }

  /** Every name and the image id it points to; ids of images that are gone are left out. */
  names(): Map<string, string> {
    const ids = new Set(this.ids());
    return new Map([...this.links()].filter(([, id]) => ids.has(id)));
  }

  /** Every name and the id that it points to, whether that exists or not. */
  links(): Map<string, string> {
    const { imageNames } = this.#parts.layout;
    return new Map(listDirectory(imageNames).flatMap((file) => {
      const id = readLink(join(imageNames, file));
      return id === undefined ? [] : [[decodeImageName(file), id] as const];
    }));
  }

  /** The image id that a full reference points to. */
  lookUp(reference: string): string | undefined {
    const id = readLink(this.#namePath(reference));
    return id !== undefined && this.exists(id) ? id : undefined;
  }

  exists(id: string): boolean {
    const directory = this.#directory(id);
    // A folder that may not be entered still occupies the image's place.
    const look = (): unknown =>
      unless(['EACCES'], () => lstatSync(join(directory, RECORD))) ?? lstatSync(directory);
    return isId(id) && attempt('look at', directory, () => ifThere(look)) !== undefined;
  }

  /**
   * The image that a user means; docs/state.md has the rules. Throws a NotFoundError, or a
   * ConflictError when a prefix or a short name fits several.
   */
  resolve(text: string): { id: string; name: string | undefined } {
    return resolveImage(this, text, this.#parts.shortNames);
  }

  /** The manifests that led to this image, oldest first. Damaged records are left out. */
  origins(id: string): ImageOrigin[] {
    return readOrigins(this.#originsOf(id));
  }

  /** Paths of records of origins that can't be read. */
  damagedOrigins(id: string): string[] {
    return damagedOrigins(this.#originsOf(id));
  }

  /** Ids of images seen under the digest of a manifest or an index; opens no file. */
  idsOfManifest(digest: string): string[] {
    return this.ids().filter((id) => hasOrigin(this.#originsOf(id), digest));
  }

  /** The reference points to this image, and to no other any more. Atomic. */
  tag(id: string, reference: string): void {
    const { staging } = this.#parts;
    const path = this.#namePath(reference);
    const temporary = staging.path('name');
    attempt('tag', reference, () => {
      ensureDirectory(join(temporary, '..'));
      symlinkSync(id, temporary);
    });
    try {
      moveInto(temporary, path);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /** The reference does not point to the image any more; false when it did not before. */
  untag(id: string, reference: string): boolean {
    return this.#untagIf(reference, (target) => target === id);
  }

  /** Names of images that are gone are removed too. */
  sweepNames(): void {
    for (const [name, id] of this.links()) {
      if (!this.exists(id)) this.#untagIf(name, (target) => !this.exists(target));
    }
  }

  /**
   * The image and its names are gone, unless it was added anew meanwhile. Its layers and blobs go
   * at the next collection, unless others use them. False when it was gone already. The caller
   * checks whether a container uses it: containers keep their layers either way.
   */
  remove(id: string): boolean {
    return this.removeIf(id, () => true);
  }

  /** Like remove(), unless `isUnwanted`, called while the image is taken away, returns false. */
  removeIf(id: string, isUnwanted: () => boolean): boolean {
    const held = this.#parts.trash.hold(this.#directory(id), 'plain');
    if (held !== undefined && !isUnwanted()) {
      held.putBack();
      return false;
    }
    held?.giveUp();
    for (const [name, target] of this.links()) {
      if (target === id) this.#untagIf(name, (other) => other === id && !this.exists(id));
    }
    return held !== undefined;
  }

  #untagIf(reference: string, isUnwanted: (id: string) => boolean): boolean {
    return unlinkIf(this.#namePath(reference), this.#parts.staging.path('name'), isUnwanted);
  }

  #commitRecord(image: CommitImage): void {
    const { id } = image.record;
    const free = image.names.filter((name) => this.lookUp(name) === undefined);
    for (const name of free) this.tag(id, name);
    for (let left = ATTEMPTS; !this.#writeRecord(image); left -= 1) {
      if (left === 0) throw new ConflictError('IMAGE_BUSY', `store image "${id}": it keeps going`);
    }
    for (const name of image.names) if (this.lookUp(name) !== id) this.tag(id, name);
    this.#requireLayers(image.record);
  }

  /** False when another process removed the folder first: the caller has to try again. */
  #writeRecord({ record, origins }: CommitImage): boolean {
    const { layout, staging } = this.#parts;
    const directory = staging.makeDirectory('image');
    ensureDirectory(join(directory, ORIGINS));
    const files = origins.flatMap((origin) => originFiles(origin));
    for (const [name, text] of files) writeNewFile(join(directory, ORIGINS, name), text);
    writeNewFile(join(directory, RECORD), JSON.stringify(record), 'durable');
    ensureDirectory(layout.images);
    const target = this.#directory(record.id);
    if (renameUnlessTaken(directory, target)) return true;
    const isMerged = [...files.map(([name]) => join(ORIGINS, name)), RECORD]
      .every((file) => replaceInside(join(directory, file), join(target, file)));
    staging.remove(directory);
    return isMerged;
  }

  #requireLayers(record: ImageRecord): void {
    const missing = this.#parts.layers.missing(record.layers.map(({ diffId }) => diffId));
    if (missing === undefined) return;
    throw new ConflictError('LAYER_MISSING', `store image "${record.id}": its layer "${missing}" ` +
      'was removed meanwhile');
  }

  #originsOf(id: string): string {
    return join(this.#directory(id), ORIGINS);
  }

  #directory(id: string): string {
    return join(this.#parts.layout.images, id);
  }

  #namePath(reference: string): string {
    return join(this.#parts.layout.imageNames, encodeImageName(reference));
  }
}

/** False when the directory of `target` is gone. */
function replaceInside(source: string, target: string): boolean {
  try {
    renameSync(source, target);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw storeError(error, 'write', target);
  }
}

function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
