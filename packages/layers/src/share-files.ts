/**
 * Files that are alike in two layers are kept once: they are hard links between different layers,
 * at the same path and with the same owner, mode, attributes and time. In a merged tree the upper
 * of two equal paths hides the lower, so no program ever sees two names of such a file.
 *
 * Theory of operation. This is done in staging, before anybody can see or mount the new layer: the
 * other layer's file gets one more name, and a rename puts this name in the place of the new
 * layer's copy. Files that are hard links within their layer are left alone, and so are empty
 * files. No file of a layer is ever written to (mend-tree.ts replaces what is damaged), and layers
 * are removed by unlinking, so neither layer affects the other.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { errnoName } from '@berth/errors';
import { loadSyscalls, OPEN, RESOLVE, succeed } from '@berth/host';
import { attributeValue, isKeptAttribute } from './entry-attributes.ts';
import type { ExpectedNode, ExpectedTree } from './expected-tree.ts';
import { readRecipe } from './recipe-reader.ts';
import { replayRecipe } from './replay-recipe.ts';
import { pathArgument } from './tar-entry.ts';
import { below, nodePath, treePath } from './tree-path.ts';

/** A layer of the store, or the one that is being made. */
export interface SharingLayer {
  readonly tree: string;
  readonly recipe: string;
  /** Where the keys of its files are kept; may be missing. */
  readonly keys: string;
}

/** What was shared. */
export interface ShareResult {
  readonly files: number;
  readonly bytes: number;
}

const KEY_BYTES = 16;
const TEMPORARY = '.wh..wh.berth-share';
const DIRECTORY_FLAGS = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC | OPEN.NOFOLLOW;

/**
 * Files of `layer` that equal a file of `others` become links to it; the keys are written beside.
 */
export function shareFiles(layer: SharingLayer, others: readonly SharingLayer[]): ShareResult {
  const own = keysOf(layer);
  writeFileSync(layer.keys, Buffer.from([...own.keys()].join(''), 'latin1'), { mode: 0o600 });
  const wanted = new Map<string, string>();
  for (const other of others) {
    for (const key of keysOfOther(other)) {
      const path = own.get(key);
      if (path !== undefined && !wanted.has(path)) wanted.set(path, other.tree);
    }
  }
  return wanted.size === 0 ? { files: 0, bytes: 0 } : new Sharing(layer.tree).link(wanted);
}

/** Sixteen bytes, as a byte string, that identify a file's path, content and metadata. */
function keysOf({ recipe }: SharingLayer): Map<string, string> {
  const opened = readRecipe(recipe);
  try {
    return keysOfTree(replayRecipe(opened));
  } finally {
    opened.close();
  }
}

function keysOfTree(tree: ExpectedTree): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [directory, { children }] of tree.directories) {
    for (const [name, node] of children) {
      if (node.names !== 1 || node.payload === undefined) continue;
      const path = below(directory, name);
      keys.set(keyOf(path, node), path);
    }
  }
  return keys;
}

function keyOf(path: string, { attributes, payload, sizeBytes }: ExpectedNode): string {
  const hash = createHash('sha256');
  const kept = (attributes?.attributes ?? []).filter(({ name }) => isKeptAttribute(name));
  hash.update(JSON.stringify([
    path, sizeBytes, attributes?.mode, attributes?.uid, attributes?.gid, attributes?.mtime,
    payload?.segments, payload?.sha256.toString('latin1'),
    kept.map((attribute) => [attribute.name, attributeValue(attribute).toString('latin1')]).sort(),
  ]));
  return hash.digest().toString('latin1', 0, KEY_BYTES);
}

/** A layer without keys is read again; one that was removed meanwhile has none. */
function keysOfOther(other: SharingLayer): string[] {
  try {
    const bytes = readFileSync(other.keys).toString('latin1');
    return Array.from({ length: Math.floor(bytes.length / KEY_BYTES) }, (_, index) =>
      bytes.slice(index * KEY_BYTES, (index + 1) * KEY_BYTES));
  } catch {
    return computedKeys(other);
  }
}

function computedKeys(other: SharingLayer): string[] {
  try {
    return [...keysOf(other).keys()];
  } catch {
    return [];
  }
}

class Sharing {
  readonly #syscalls = loadSyscalls();
  readonly #tree: string;
  #files = 0;
  #bytes = 0;

  constructor(tree: string) {
    this.#tree = tree;
  }

  /** `wanted`: for each path, the tree that has the same file. Keeps the times of directories. */
  link(wanted: ReadonlyMap<string, string>): ShareResult {
    const byDirectory = new Map<string, [name: string, source: string][]>();
    for (const [path, tree] of wanted) {
      const slash = path.lastIndexOf('/');
      const directory = slash < 0 ? '' : path.slice(0, slash);
      const names = byDirectory.get(directory) ?? [];
      names.push([path.slice(slash + 1), `${Buffer.from(tree).toString('latin1')}/${path}`]);
      byDirectory.set(directory, names);
    }
    const treeFd = succeed(this.#syscalls.open(this.#tree, DIRECTORY_FLAGS), 'open', this.#tree);
    const homeFd = this.#syscalls.open('.', OPEN.PATH | OPEN.DIRECTORY | OPEN.CLOEXEC);
    try {
      for (const [directory, names] of byDirectory) this.#linkIn(treeFd, directory, names);
    } finally {
      this.#syscalls.fchdir(homeFd);
      this.#syscalls.close(homeFd);
      this.#syscalls.close(treeFd);
    }
    return { files: this.#files, bytes: this.#bytes };
  }

  #linkIn(treeFd: number, directory: string, names: readonly [string, string][]): void {
    const fd = this.#syscalls.openat2(treeFd, treePath(directory), {
      flags: DIRECTORY_FLAGS, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS,
    });
    succeed(fd, 'open', directory);
    try {
      succeed(this.#syscalls.fchdir(fd), 'enter', directory);
      const { atimeNs, mtimeNs } = lstatSync('.', { bigint: true });
      for (const [name, source] of names) this.#linkOne(name, source);
      const times = [atimeNs, mtimeNs].map(timespec);
      const [atime, mtime] = times;
      if (atime !== undefined && mtime !== undefined) {
        succeed(this.#syscalls.futimens(fd, atime, mtime), 'set time of', directory);
      }
    } finally {
      this.#syscalls.close(fd);
    }
  }

  /** Too many links, or a layer was removed meanwhile: then the layer keeps its own copy. */
  #linkOne(name: string, source: string): void {
    const own = lstatSync(nodePath(name), { bigint: true });
    const answer = this.#syscalls.link(pathArgument(source), TEMPORARY);
    if (answer < 0) return;
    const linked = lstatSync(TEMPORARY, { bigint: true });
    // If somebody changed the file there, it is not what the recipe says.
    const isSame = linked.isFile() && linked.size === own.size && linked.mtimeNs === own.mtimeNs
      && linked.mode === own.mode && linked.uid === own.uid && linked.gid === own.gid;
    const moved = isSame ? this.#syscalls.rename(TEMPORARY, pathArgument(name)) : -1;
    if (moved < 0) {
      succeed(this.#syscalls.unlink(TEMPORARY), 'remove', errnoName(moved));
      return;
    }
    this.#files += 1;
    this.#bytes += Number(own.size);
  }
}

function timespec(nanoseconds: bigint): { seconds: number; nanoseconds: number } {
  const rest = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return {
    seconds: Number((nanoseconds - rest) / 1_000_000_000n),
    nanoseconds: Number(rest),
  };
}
