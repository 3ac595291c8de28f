/**
 * Makes the tree that a recipe describes without reading the tree on disk: the recipe holds the
 * archive's headers, and the hashes of all payloads.
 */
import { entryTarget, splitName } from './entry-path.ts';
import { ExpectedTree, newNode } from './expected-tree.ts';
import type { ExpectedNode } from './expected-tree.ts';
import { badArchive } from './limits.ts';
import type { Recipe, RecipeRecord } from './recipe-reader.ts';
import type { TarEntry } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';
import type { TarVisitor } from './tar-reader.ts';

/** What unpacking this recipe's archive makes. Throws an IntegrityError for a damaged recipe. */
export function replayRecipe(recipe: Recipe): ExpectedTree {
  const replay = new Replay();
  const reader = new TarReader(replay);
  for (const record of recipe.records()) {
    if (record.kind === 'raw') reader.push(record.bytes);
    if (record.kind !== 'file') continue;
    replay.describePayload(record);
    reader.skipPayload(record.sizeBytes);
  }
  reader.finish();
  return replay.tree;
}

/** Does to the expected tree what the applier does to the disk. */
class Replay implements TarVisitor {
  readonly tree = new ExpectedTree();
  #file: { readonly path: string; readonly node: ExpectedNode } | undefined;

  begin(entry: TarEntry): boolean {
    const target = entryTarget(entry.name);
    if (target.kind === 'entry') return this.#beginEntry(entry, target.components);
    if (target.kind === 'whiteout') this.tree.hide(this.tree.place(target.components));
    else if (target.kind === 'opaque') this.tree.hideContent(target.components);
    return false;
  }

  end(): void {
    this.#file = undefined;
  }

  raw(): void {}

  payload(): void {
    throw badArchive('check layer: its recipe holds a payload that a file has');
  }

  describePayload(record: Extract<RecipeRecord, { kind: 'file' }>): void {
    if (this.#file?.path !== record.path) {
      throw badArchive('check layer: its recipe names a file that its archive does not');
    }
    const { sizeBytes, sha256, segments } = record;
    this.#file.node.payload = { sizeBytes, sha256, segments };
  }

  #beginEntry(entry: TarEntry, components: readonly string[]): boolean {
    if (entry.type === 'other') return false;
    const path = this.tree.place(components);
    switch (entry.type) {
      case 'directory':
        this.tree.putDirectory(path).attributes = entry;
        return false;
      case 'hardlink':
        this.#putLink(entry, path);
        return false;
      case 'character':
      case 'block':
        this.tree.clear(path);
        return false;
      default:
        return this.#putFile(entry, path);
    }
  }

  #putFile(entry: TarEntry, path: string): boolean {
    const { type, linkName, sizeBytes } = entry;
    const kind = type === 'symlink' || type === 'fifo' ? type : 'file';
    const node = newNode(kind, { attributes: entry, target: linkName, sizeBytes });
    this.tree.put(path, node);
    if (kind === 'file') this.#file = { path, node };
    return kind === 'file';
  }

  #putLink(entry: TarEntry, path: string): void {
    const node = this.tree.get(this.tree.existing(splitName(entry.linkName)));
    if (node === undefined) throw badArchive('check layer: its recipe links to nothing');
    if (this.tree.get(path) !== node) this.tree.put(path, node);
  }
}
