/** Puts back what the recipe says of a file: owner, mode, extended attributes and time. */
import { loadSyscalls, succeed } from '@berth/host';
import type { OwnerPolicy } from './entry-attributes.ts';
import type { ExpectedNode } from './expected-tree.ts';
import { pathArgument, shown } from './tar-entry.ts';
import { treePath } from './tree-path.ts';
import { additionalAttributes, wantedAttributes, wantedOwner } from './verify-attributes.ts';
import { IMPLIED_MODE } from './whiteout-marks.ts';

/**
 * Works on the inode at `path` below the current directory. The order is the kernel's: a new owner
 * clears set-id bits and capabilities, an access list decides the mode's bits, and the time is
 * last. An attribute that can't be set is no error: the check that follows finds what is missing.
 */
export function putAttributesBack(path: string, node: ExpectedNode, owners: OwnerPolicy): void {
  if (node.kind === 'whiteout') return;
  const syscalls = loadSyscalls();
  const argument = treePath(path);
  const { uid, gid } = wantedOwner(node, owners);
  succeed(syscalls.lchown(argument, uid, gid), 'set owner of', shown(path));
  const wanted = wantedAttributes(node, owners);
  for (const name of additionalAttributes(path === '' ? '.' : path, wanted)) {
    const removed = syscalls.lremovexattr(argument, pathArgument(name));
    succeed(removed, 'remove attribute of', shown(path));
  }
  // A link has no mode, and chmod would go through it.
  if (node.kind !== 'symlink') {
    const mode = node.attributes?.mode ?? IMPLIED_MODE;
    succeed(syscalls.chmod(argument, mode), 'set mode of', shown(path));
  }
  for (const [name, value] of wanted) syscalls.lsetxattr(argument, pathArgument(name), value);
  const mtime = node.attributes?.mtime;
  if (mtime === undefined) return;
  succeed(syscalls.lutimens(argument, mtime, mtime), 'set time of', shown(path));
}
