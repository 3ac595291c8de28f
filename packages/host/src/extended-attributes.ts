/**
 * Reading all extended attributes of a path at once.
 */
import { constants } from 'node:os';
import { loadSyscalls, succeed } from './syscalls.ts';
import type { PathArgument } from './syscalls.ts';

/** One attribute as the kernel keeps it. */
export interface ExtendedAttribute {
  readonly name: string;
  readonly value: Buffer;
}

const LARGEST_LIST_BYTES = 65536;

/**
 * The attributes of `path` itself (a link is not followed), in the kernel's order. Leaves out those
 * that disappear meanwhile; empty if the file system has none. Throws a SystemError.
 */
export function getExtendedAttributes(path: PathArgument): ExtendedAttribute[] {
  const syscalls = loadSyscalls();
  const list = Buffer.alloc(LARGEST_LIST_BYTES);
  const listBytes = syscalls.llistxattr(path, list);
  if (listBytes === -constants.errno.ENOTSUP) return [];
  const length = succeed(listBytes, 'list attributes of', path);
  const names = list.subarray(0, length).toString('utf8').split('\0').slice(0, -1);
  const attributes: ExtendedAttribute[] = [];
  for (const name of names) {
    const value = Buffer.alloc(LARGEST_LIST_BYTES);
    const valueBytes = syscalls.lgetxattr(path, name, value);
    if (valueBytes === -constants.errno.ENODATA) continue;
    succeed(valueBytes, 'read attribute of', path);
    attributes.push({ name, value: Buffer.from(value.subarray(0, valueBytes)) });
  }
  return attributes;
}
