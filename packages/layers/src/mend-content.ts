/**
 * Finds the content of a damaged file elsewhere: under a name that is not in the layer (the file
 * was moved), in another file of the layer, or in another layer. Wherever it comes from, its hash
 * decides.
 */
import { closeSync, fstatSync, lstatSync, readdirSync } from 'node:fs';
import { EngineError } from '@berth/errors';
import { AT, loadSyscalls, OPEN, RESOLVE, succeed } from '@berth/host';
import type { ExpectedNode, ExpectedTree } from './expected-tree.ts';
import type { Recipe } from './recipe-reader.ts';
import { replayRecipe } from './replay-recipe.ts';
import { below, nodePath, treePath } from './tree-path.ts';
import { contentDifference } from './verify-content.ts';

/** Another layer, open: nothing outside of the layer that is mended can be named any more. */
export interface ContentLayer {
  readonly treeFd: number;
  readonly recipe: Recipe;
}

interface Place {
  readonly directoryFd: number;
  readonly path: string;
}

const COPY_BYTES = 1 << 20;
const FILE_FLAGS = OPEN.RDONLY | OPEN.NOFOLLOW | OPEN.NONBLOCK | OPEN.CLOEXEC;

/** The content of the files of the layer in the current directory. */
export class ContentSources {
  readonly #syscalls = loadSyscalls();
  readonly #others: readonly ContentLayer[];
  /** Places of the contents that this layer has. */
  readonly #places = new Map<string, Place[]>();
  /** Files that are not in the layer, by size. */
  readonly #additional = new Map<number, Place[]>();
  #areOthersRead = false;

  constructor(expected: ExpectedTree, others: readonly ContentLayer[]) {
    this.#others = others;
    for (const { path, key } of contentsOf(expected)) {
      const places = this.#places.get(key) ?? [];
      places.push({ directoryFd: AT.FDCWD, path });
      this.#places.set(key, places);
    }
  }

  /** What is at `path` is not in the layer, but it may be what is missing elsewhere. */
  addAdditional(path: string): void {
    const status = lstatSync(nodePath(path));
    if (status.isDirectory()) {
      for (const entry of readdirSync(nodePath(path), { encoding: 'buffer' })) {
        this.addAdditional(below(path, entry.toString('latin1')));
      }
    } else if (status.isFile()) {
      const places = this.#additional.get(status.size) ?? [];
      places.push({ directoryFd: AT.FDCWD, path });
      this.#additional.set(status.size, places);
    }
  }

  /** True if the file at `path` holds exactly what `node` should. */
  isAt(path: string, node: ExpectedNode): boolean {
    return this.#use({ directoryFd: AT.FDCWD, path }, node, () => undefined);
  }

  /** Fills the new file, from `first` if that is given; false if its content is nowhere. */
  fill(fd: number, node: ExpectedNode, first: string | undefined): boolean {
    if (node.payload === undefined) {
      succeed(this.#syscalls.ftruncate(fd, node.sizeBytes), 'set length of', 'file');
      return true;
    }
    for (const place of this.#candidates(node, first)) {
      if (this.#use(place, node, (source) => this.#copy(source, fd, node))) return true;
    }
    return false;
  }

  *#candidates(node: ExpectedNode, first: string | undefined): Generator<Place> {
    if (first !== undefined) yield { directoryFd: AT.FDCWD, path: first };
    yield* this.#additional.get(node.sizeBytes) ?? [];
    this.#readOthers();
    yield* this.#places.get(contentKey(node)) ?? [];
  }

  #readOthers(): void {
    if (this.#areOthersRead) return;
    this.#areOthersRead = true;
    for (const { treeFd, recipe } of this.#others) {
      for (const { path, key } of contentsOf(replayed(recipe))) {
        this.#places.get(key)?.push({ directoryFd: treeFd, path });
      }
    }
  }

  /** Does `work` with the open file if that is there and holds the content. */
  #use({ directoryFd, path }: Place, node: ExpectedNode, work: (fd: number) => void): boolean {
    const fd = this.#syscalls.openat2(directoryFd, treePath(path), {
      flags: FILE_FLAGS, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
    });
    if (fd < 0) return false;
    try {
      const status = fstatSync(fd);
      const isWhole = status.isFile() && status.size === node.sizeBytes
        && contentDifference(fd, node) === undefined;
      if (isWhole) work(fd);
      return isWhole;
    } finally {
      closeSync(fd);
    }
  }

  #copy(source: number, target: number, { payload, sizeBytes }: ExpectedNode): void {
    const whole = [{ offset: 0, length: sizeBytes }];
    const isSparse = payload !== undefined && payload.segments.length > 0;
    const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, sizeBytes));
    for (const { offset, length } of isSparse ? payload.segments : whole) {
      for (let done = 0; done < length; ) {
        const bytes = buffer.subarray(0, Math.min(buffer.length, length - done));
        const count = succeed(this.#syscalls.read(source, bytes, offset + done), 'read', 'file');
        if (count === 0) break;
        succeed(
          this.#syscalls.pwrite(target, bytes.subarray(0, count), offset + done), 'write', 'file');
        done += count;
      }
    }
    succeed(this.#syscalls.ftruncate(target, sizeBytes), 'set length of', 'file');
  }
}

function* contentsOf(tree: ExpectedTree | undefined): Generator<{ path: string; key: string }> {
  for (const [directory, { children }] of tree?.directories ?? []) {
    for (const [name, node] of children) {
      if (node.payload !== undefined) yield { path: below(directory, name), key: contentKey(node) };
    }
  }
}

function contentKey({ payload, sizeBytes }: ExpectedNode): string {
  return JSON.stringify([sizeBytes, payload?.sha256.toString('latin1'), payload?.segments]);
}

/** A recipe that is damaged says nothing; it is reported where its own layer is checked. */
function replayed(recipe: Recipe): ExpectedTree | undefined {
  try {
    return replayRecipe(recipe);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}
