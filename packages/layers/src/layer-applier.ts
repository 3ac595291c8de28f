/**
 * Makes a layer's tree and its recipe, or the files of a volume, out of the calls of a tar reader.
 * Works on the current directory, which must be empty for a layer; the caller has chrooted to it.
 */
import { loadSyscalls, MODE, OPEN, succeed } from '@berth/host';
import { AttributeWriter } from './entry-attributes.ts';
import type { OwnerPolicy } from './entry-attributes.ts';
import { entryTarget, splitName } from './entry-path.ts';
import type { EntryTarget } from './entry-path.ts';
import { isWhiteout, LayerTree, statusOf } from './layer-tree.ts';
import { badArchive, checkLimit } from './limits.ts';
import type { LayerLimits } from './limits.ts';
import { PayloadWriter } from './payload-writer.ts';
import type { RecipeWriter } from './recipe-writer.ts';
import { pathArgument, shown } from './tar-entry.ts';
import type { TarEntry } from './tar-entry.ts';
import type { TarVisitor } from './tar-reader.ts';
import { treePath } from './tree-path.ts';
import { marksOf } from './whiteout-marks.ts';
import type { MarkPolicy, UnpackedMarks } from './whiteout-marks.ts';

/** How many of each kind a layer holds. */
export interface LayerCounts {
  entries: number;
  files: number;
  directories: number;
  symlinks: number;
  hardLinks: number;
  fifos: number;
  /** Devices can't be made in a user namespace: only the recipe has them. */
  skippedDevices: number;
  whiteouts: number;
  opaqueDirectories: number;
  skippedAttributes: number;
  /** Directories that the archive uses but does not describe. */
  impliedDirectories: number;
}

const FILE_FLAGS = OPEN.WRONLY | OPEN.CREAT | OPEN.EXCL | OPEN.NOFOLLOW | OPEN.CLOEXEC;
const PRIVATE_MODE = 0o600;

/** What the file system that holds the tree can do. */
export interface TreePolicy {
  readonly owners: OwnerPolicy;
  readonly marks: MarkPolicy;
}

/** A volume has no lower layers: no name in its archive is a mark. */
export interface UnpackPolicy {
  readonly owners: OwnerPolicy;
  readonly marks: UnpackedMarks;
}

/** The visitor that unpacks. Call `finish` when the archive has ended. */
export class LayerApplier implements TarVisitor {
  readonly counts: LayerCounts = {
    entries: 0, files: 0, directories: 0, symlinks: 0, hardLinks: 0, fifos: 0,
    skippedDevices: 0, whiteouts: 0, opaqueDirectories: 0, skippedAttributes: 0,
    impliedDirectories: 0,
  };
  /** Sum of the files' lengths. */
  contentBytes = 0;

  readonly #syscalls = loadSyscalls();
  readonly #recipe: RecipeWriter | undefined;
  readonly #limits: LayerLimits;
  readonly #isLayer: boolean;
  readonly #attributes: AttributeWriter;
  readonly #payload: PayloadWriter;
  readonly #tree: LayerTree;
  /** Names made by hard links; the recipe has no payload for them. */
  readonly #linkNames = new Set<string>();

  /** The files of a volume have no recipe, and the marks `none`. */
  constructor(recipe: RecipeWriter | undefined, limits: LayerLimits, policy: UnpackPolicy) {
    const { owners, marks } = policy;
    this.#recipe = recipe;
    this.#limits = limits;
    this.#isLayer = marks !== 'none';
    this.#attributes = new AttributeWriter(owners, { isTreeNew: this.#isLayer });
    this.#payload = new PayloadWriter(recipe);
    this.#tree = new LayerTree({
      marks: marksOf(marks), isNew: this.#isLayer,
      beforeRemoval: (path) => this.#beforeRemoval(path),
    });
  }

  raw(bytes: Buffer): void {
    this.#recipe?.raw(bytes);
  }

  begin(entry: TarEntry): boolean {
    this.counts.entries += 1;
    checkLimit('entries', this.counts.entries, this.#limits.entries);
    const target = this.#targetOf(entry);
    if (target.kind === 'entry') return this.#beginEntry(entry, target.components);
    if (target.kind === 'whiteout') {
      this.counts.whiteouts += 1;
      this.#tree.hide(this.#tree.place(target.components));
    } else if (target.kind === 'opaque') {
      this.counts.opaqueDirectories += 1;
      this.#tree.hideContent(target.components);
    }
    return false;
  }

  payload(bytes: Buffer): void {
    this.#payload.write(bytes);
  }

  end(entry: TarEntry): void {
    const file = this.#payload.end();
    if (file === undefined) return;
    this.#attributes.setOnFile(file.fd, file.path, entry);
    succeed(this.#syscalls.close(file.fd), 'close', shown(file.path));
  }

  /** Sets the attributes that had to wait, and completes the counts. */
  finish(): void {
    for (const [path, attributes] of this.#tree.describedDirectories()) {
      this.#attributes.setOnPath(path, { type: 'directory', ...attributes });
    }
    this.counts.skippedAttributes = this.#attributes.skippedAttributes;
    this.counts.impliedDirectories = this.#tree.impliedDirectories;
  }

  #targetOf({ name }: TarEntry): EntryTarget {
    return this.#isLayer ? entryTarget(name) : { kind: 'entry', components: splitName(name) };
  }

  #beginEntry(entry: TarEntry, components: readonly string[]): boolean {
    if (entry.type === 'other') return false;
    if (components.length === 0 && entry.type !== 'directory') {
      throw badArchive(`unpack layer: entry "${shown(entry.name)}": the root is a directory`);
    }
    const path = this.#tree.place(components);
    switch (entry.type) {
      case 'file':
        return this.#beginFile(entry, path);
      case 'directory':
        this.counts.directories += 1;
        this.#tree.createDirectory(path);
        this.#tree.describeDirectory(path, entry);
        return false;
      case 'hardlink':
        this.#makeHardLink(entry, path);
        return false;
      case 'character':
      case 'block':
        // The device would have replaced what an earlier entry put here.
        this.counts.skippedDevices += 1;
        this.#tree.clear(path);
        return false;
      default:
        this.#makeSpecial(entry, path);
        return false;
    }
  }

  #beginFile(entry: TarEntry, path: string): boolean {
    this.counts.files += 1;
    this.contentBytes += entry.sizeBytes;
    checkLimit('content', this.contentBytes, this.#limits.contentBytes);
    const argument = treePath(path);
    const fd = this.#tree.create(path, () =>
      this.#syscalls.open(argument, FILE_FLAGS, entry.mode));
    this.#payload.begin(fd, path, entry);
    return true;
  }

  #makeSpecial(entry: TarEntry, path: string): void {
    const argument = treePath(path);
    if (entry.type === 'symlink') {
      this.counts.symlinks += 1;
      const target = pathArgument(entry.linkName);
      this.#tree.create(path, () => this.#syscalls.symlink(target, argument));
    } else {
      this.counts.fifos += 1;
      this.#tree.create(path, () =>
        this.#syscalls.mknod(argument, MODE.FIFO | PRIVATE_MODE, 0));
    }
    this.#attributes.setOnPath(path, entry);
  }

  /** A hard link has no attributes of its own, only its file's. */
  #makeHardLink(entry: TarEntry, path: string): void {
    this.counts.hardLinks += 1;
    const source = this.#tree.existing(splitName(entry.linkName));
    const status = statusOf(source);
    const what = `unpack layer: hard link "${shown(entry.name)}" to "${shown(entry.linkName)}"`;
    // A second name for a whiteout would be a whiteout too, and would hide a file that no entry
    // hides.
    if (status === undefined || isWhiteout(status)) {
      throw badArchive(`${what}: the layer has no such file`);
    }
    if (status.isDirectory()) throw badArchive(`${what}: it is a directory`);
    const present = statusOf(path);
    if (present !== undefined && present.ino === status.ino && !present.isDirectory()) return;
    const names = [treePath(source), treePath(path)] as const;
    this.#tree.create(path, () => this.#syscalls.link(...names));
    this.#linkNames.add(path);
  }

  #beforeRemoval(path: string): void {
    if (!this.#linkNames.delete(path)) this.#payload.store(path);
  }
}
