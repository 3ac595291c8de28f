/**
 * Owners of a container's files where one id is mapped. They come from the places where they are
 * recorded: an attribute of the file; the container's ledger for files that can't have attributes;
 * and the recipes of the layers for files of the image that have not changed. docs/identities.md
 * has the formats.
 */
import type { BigIntStats } from 'node:fs';
import { constants } from 'node:os';
import { loadSyscalls } from '@berth/host';
import type { ExpectedTree } from './expected-tree.ts';
import { birthOf, isCopied, isThere, ledgerLines, NO_BIRTH, type LedgerLine } from './ledger.ts';
import { readRecipe } from './recipe-reader.ts';
import { OWNER_ATTRIBUTE } from './recorded-owner.ts';
import { RenamedLinks, timeOf } from './renamed-links.ts';
import { replayRecipe } from './replay-recipe.ts';
import { treePath } from './tree-path.ts';

/** Where owners are recorded beside the files. */
export interface OwnerSources {
  /** The container's ledger; it may be missing. */
  readonly ledger: string;
  /** Recipes of its layers, the uppermost first. */
  readonly recipes: readonly string[];
}

/** An owner in numbers. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface LedgerRecord extends Partial<Owner> {
  readonly birth: string;
}

const { EOPNOTSUPP } = constants.errno;
const MOST_ID = 2 ** 32 - 2;
const value = Buffer.alloc(64);

/** Finds the owners of one container's files. */
export class OwnerRecords {
  readonly #byInode = new Map<string, LedgerRecord>();
  readonly #byPath = new Map<string, LedgerRecord>();
  readonly #layers: readonly ExpectedTree[];
  readonly #isCopied: boolean;
  #renamedLinks: RenamedLinks | undefined;

  /** Reads all records; throws an IntegrityError for a damaged recipe. */
  constructor({ ledger, recipes }: OwnerSources) {
    this.#isCopied = isCopied(ledger);
    for (const line of ledgerLines(ledger)) this.#add(line);
    this.#layers = recipes.map(treeOf);
  }

  /** The owner of the file that is `name` in the current directory and `path` below the root. */
  ownerOf(name: string, path: string, status: BigIntStats): Owner {
    const root = { uid: Number(status.uid), gid: Number(status.gid) };
    if (status.isFile() || status.isDirectory()) {
      const length = loadSyscalls().lgetxattr(treePath(name), OWNER_ATTRIBUTE, value);
      if (length !== -EOPNOTSUPP) return ownerIn(value.toString('latin1', 0, length)) ?? root;
    }
    const { uid, gid } = this.#recordOf(path, status) ?? {};
    if (uid !== undefined && gid !== undefined) return { uid, gid };
    const before = this.#ownerInImage(path, status)
      ?? this.#renamed().ownerOf(name, status) ?? root;
    return { uid: uid ?? before.uid, gid: gid ?? before.gid };
  }

  #add({ uid, gid, inode, birth, path }: LedgerLine): void {
    const known = this.#byInode.get(inode);
    const before = known?.birth === birth ? known : {};
    const record = {
      ...before, birth,
      ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }),
    };
    this.#byInode.set(inode, record);
    this.#byPath.set(path, record);
  }

  /**
   * A record belongs to the inode with its number and birth time, or to one with its birth time and
   * path. In a copied store, where no number can be trusted, its path alone decides.
   */
  #recordOf(path: string, status: BigIntStats): LedgerRecord | undefined {
    const birth = birthOf(status);
    const same = this.#byInode.get(String(status.ino));
    const isSame = same?.birth === birth || (same?.birth === NO_BIRTH && !this.#isCopied);
    if (isSame && (birth !== NO_BIRTH || !this.#isCopied)) return same;
    const there = this.#byPath.get(path);
    if (there?.birth === birth && birth !== NO_BIRTH) return there;
    return this.#isCopied && there !== undefined && isThere(there, status) ? there : undefined;
  }

  #renamed(): RenamedLinks {
    return (this.#renamedLinks ??= new RenamedLinks(this.#layers));
  }

  #ownerInImage(path: string, status: BigIntStats): Owner | undefined {
    for (const layer of this.#layers) {
      const node = layer.get(path);
      if (node === undefined) continue;
      return status.mtimeNs === timeOf(node) ? node.attributes : undefined;
    }
    return undefined;
  }
}

function treeOf(path: string): ExpectedTree {
  const recipe = readRecipe(path);
  try {
    return replayRecipe(recipe);
  } finally {
    recipe.close();
  }
}

function ownerIn(text: string): Owner | undefined {
  const found = /^(\d{1,10}):(\d{1,10})$/.exec(text);
  const [uid, gid] = [Number(found?.[1]), Number(found?.[2])];
  return uid <= MOST_ID && gid <= MOST_ID ? { uid, gid } : undefined;
}
