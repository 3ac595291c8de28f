/**
 * Describes a tree completely, so that two trees can be compared with deepEqual.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getExtendedAttributes } from '@berth/host';

/** Everything about one name that a container could see. */
export interface TreeNode {
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly size: number;
  readonly mtimeNs: string;
  /** SHA-256 of a file, target of a link. */
  readonly content: string;
  /** The first of all names that are this file. */
  readonly sameAs: string;
  readonly attributes: Record<string, string>;
}

/** The names below `root` as byte strings, the root itself as `.`. */
export function describeTree(root: string): Record<string, TreeNode> {
  const nodes: Record<string, TreeNode> = {};
  const firstNames = new Map<string, string>();
  const directory = Buffer.from(root).toString('latin1');
  const visit = (name: string): void => {
    // Longest paths have no room for one more component.
    const path = Buffer.from(root === '.' ? name : `${directory}/${name}`, 'latin1');
    const node = describeNode(path);
    const first = firstNames.get(node.sameAs) ?? name;
    firstNames.set(node.sameAs, first);
    nodes[name] = { ...node, sameAs: first };
    if (node.type !== 'directory') return;
    const children = readdirSync(path, { encoding: 'buffer' }).map((child) =>
      child.toString('latin1'));
    for (const child of children.sort()) visit(name === '.' ? child : `${name}/${child}`);
  };
  visit('.');
  return nodes;
}

function describeNode(path: Buffer): TreeNode {
  const status = lstatSync(path, { bigint: true });
  const type = [
    status.isFile() && 'file', status.isDirectory() && 'directory',
    status.isSymbolicLink() && 'symlink', status.isFIFO() && 'fifo',
    status.isCharacterDevice() && `character ${status.rdev}`,
  ].find((name) => name !== false) ?? 'other';
  const attributes = getExtendedAttributes(path).filter(({ name }) => name !== 'security.selinux');
  return {
    type,
    mode: (status.mode & 0o7777n).toString(8),
    owner: `${status.uid}:${status.gid}`,
    size: type === 'directory' ? 0 : Number(status.size),
    mtimeNs: String(status.mtimeNs),
    content: contentOf(path, type),
    sameAs: type === 'directory' ? String(path) : `${status.dev}:${status.ino}`,
    attributes: Object.fromEntries(attributes.map(({ name, value }) => [
      name, value.toString('hex'),
    ]).sort()),
  };
}

function contentOf(path: Buffer, type: string): string {
  if (type === 'symlink') return readlinkSync(path, { encoding: 'buffer' }).toString('latin1');
  if (type !== 'file') return '';
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
