/**
 * Owners of an image's links and fifos under another path: a program that renames such a file
 * records nothing, and copying it up keeps its target and its time.
 */
import type { BigIntStats } from 'node:fs';
import type { Owner } from '@berth/host';
import type { ExpectedNode, ExpectedTree } from './expected-tree.ts';
import { linkTarget } from './merged-tree.ts';

const SECOND = 1_000_000_000n;

/** The time of an archive's entry, as stat(2) has it. */
export function timeOf({ attributes }: ExpectedNode): bigint | undefined {
  const mtime = attributes?.mtime;
  return mtime && BigInt(mtime.seconds) * SECOND + BigInt(mtime.nanoseconds);
}

/** The links and fifos of an image by what stays when they are renamed. */
export class RenamedLinks {
  /** Undefined: files of several owners look alike. */
  readonly #owners = new Map<string, Owner | undefined>();

  constructor(layers: readonly ExpectedTree[]) {
    for (const { directories } of layers) {
      for (const { children } of directories.values()) {
        for (const node of children.values()) this.#add(node);
      }
    }
  }

  /** The owner of the file that is `name` in the current directory; undefined: nobody knows. */
  ownerOf(name: string, status: BigIntStats): Owner | undefined {
    const isLink = status.isSymbolicLink();
    if (!isLink && !status.isFIFO()) return undefined;
    const target = isLink ? linkTarget(name) ?? '' : '';
    return this.#owners.get(keyOf(isLink ? 'symlink' : 'fifo', status.mtimeNs, target));
  }

  #add(node: ExpectedNode): void {
    const { kind, target, attributes } = node;
    const time = timeOf(node);
    if ((kind !== 'symlink' && kind !== 'fifo') || attributes === undefined) return;
    const key = keyOf(kind, time, target);
    const known = this.#owners.get(key);
    const isAlike = known?.uid === attributes.uid && known.gid === attributes.gid;
    this.#owners.set(key, this.#owners.has(key) && !isAlike ? undefined : attributes);
  }
}

function keyOf(kind: string, time: bigint | undefined, target: string): string {
  return `${kind} ${time} ${target}`;
}
