/** Checks a file's status and extended attributes against its entry in the archive. */
import type { BigIntStats } from 'node:fs';
import { errnoName } from '@berth/errors';
import { AT, loadSyscalls } from '@berth/host';
import type { Owner } from '@berth/host';
import { attributeValue, isKeptAttribute } from './entry-attributes.ts';
import type { OwnerPolicy } from './entry-attributes.ts';
import type { ExpectedNode, NodeKind } from './expected-tree.ts';
import { lent } from './lent-access.ts';
import { OWNER_ATTRIBUTE, recordedOwner } from './recorded-owner.ts';
import { pathArgument, shown } from './tar-entry.ts';
import { IMPLIED_MODE, OPAQUE_ATTRIBUTE, OPAQUE_VALUE } from './whiteout-marks.ts';

const PERMISSIONS = 0o7777n;
const ACCESS_BITS = 0o777;
const ACL = 'system.posix_acl_access';
const OVERLAY_MARK = 'user.overlay.';
/** The times that ext4's inodes of 256 bytes can hold; other times are cut to these. */
const FIRST_SECOND = -(2 ** 31);
const LAST_SECOND = 2 ** 34 - 2 ** 31 - 1;
const LIST_BYTES = 1 << 16;
const VALUE_BYTES = 1 << 16;

/** The ids of whoever unpacked it, root of the namespace: they own what no entry describes. */
const OWN_IDS = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** How type, owner, mode, time and length differ. If the type differs, only that is reported. */
export function statusDifferences(
  status: BigIntStats,
  node: ExpectedNode,
  owners: OwnerPolicy,
): string[] {
  const kind = kindOf(status);
  if (kind !== node.kind) return [`is a ${kind}, not a ${node.kind}`];
  if (node.kind === 'whiteout') return [];
  return [
    ...ownerDifference(status, node, owners),
    ...modeDifference(status, node),
    ...timeDifference(status, node),
    ...(node.kind === 'file' && status.size !== BigInt(node.sizeBytes)
      ? [`has ${status.size} bytes, not ${node.sizeBytes}`] : []),
  ];
}

/** What a file is; devices and sockets are never in a layer. */
export function kindOf(status: BigIntStats): NodeKind | 'device' | 'socket' {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isFIFO()) return 'fifo';
  if (status.isSocket()) return 'socket';
  return status.isCharacterDevice() && status.rdev === 0n ? 'whiteout' : 'device';
}

/** Who owns the file on the disk. */
export function wantedOwner({ attributes }: ExpectedNode, owners: OwnerPolicy): Owner {
  return (owners === 'native' ? attributes : undefined) ?? OWN_IDS;
}

function ownerDifference(status: BigIntStats, node: ExpectedNode, owners: OwnerPolicy): string[] {
  const { uid, gid } = wantedOwner(node, owners);
  if (status.uid === BigInt(uid) && status.gid === BigInt(gid)) return [];
  return [`belongs to ${status.uid}:${status.gid}, not to ${uid}:${gid}`];
}

function modeDifference(status: BigIntStats, node: ExpectedNode): string[] {
  if (node.kind === 'symlink') return [];
  const mode = Number(status.mode & PERMISSIONS);
  const wanted = node.attributes?.mode ?? IMPLIED_MODE;
  // An access control list decides these bits; the list itself is compared.
  const hasList = node.attributes?.attributes.some(({ name }) => name === ACL) ?? false;
  const compared = hasList ? ~ACCESS_BITS : ~0;
  if ((mode & compared) === (wanted & compared)) return [];
  return [`has the mode ${mode.toString(8).padStart(4, '0')}, ` +
    `not ${wanted.toString(8).padStart(4, '0')}`];
}

function timeDifference(status: BigIntStats, { attributes }: ExpectedNode): string[] {
  if (attributes === undefined) return [];
  const { seconds, nanoseconds } = attributes.mtime;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) return [];
  if (status.mtimeNs === BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)) return [];
  return [`was changed at ${isoTime(status.mtimeNs)}, not at ` +
    isoTime(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds))];
}

function isoTime(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toISOString();
}

const list = Buffer.alloc(LIST_BYTES);
const value = Buffer.alloc(VALUE_BYTES);

/** The first difference between the extended attributes of the name in the current directory. */
export function attributeDifference(
  name: string,
  node: ExpectedNode,
  { canLack, owners }: { canLack: boolean; owners: OwnerPolicy },
): string | undefined {
  const wanted = wantedAttributes(node, owners);
  const path = pathArgument(name);
  const [additional] = additionalAttributes(name, wanted);
  if (additional !== undefined) return `has the attribute "${shown(additional)}" in addition`;
  for (const [key, bytes] of wanted) {
    const got = lent({ directoryFd: AT.FDCWD, path }, () =>
      loadSyscalls().lgetxattr(path, pathArgument(key), value));
    if (got < 0 && canLack) continue;
    if (got < 0) return `lacks the attribute "${shown(key)}": ${errnoName(got)}`;
    if (!value.subarray(0, got).equals(bytes)) return `has another attribute "${shown(key)}"`;
  }
  return undefined;
}

/** Names of the file's attributes that count, and that it should not have. */
export function additionalAttributes(name: string, wanted: ReadonlyMap<string, Buffer>): string[] {
  const length = loadSyscalls().llistxattr(pathArgument(name), list);
  if (length <= 0) return [];
  return list.toString('latin1', 0, length - 1).split('\0').filter((key) =>
    (isKeptAttribute(key) || key.startsWith(OVERLAY_MARK) || key === OWNER_ATTRIBUTE)
      && !wanted.has(key));
}

const NONE: ReadonlyMap<string, Buffer> = new Map();

/** The attributes that the file should have on the disk. */
export function wantedAttributes(
  { kind, attributes, isOpaque }: ExpectedNode,
  owners: OwnerPolicy,
): ReadonlyMap<string, Buffer> {
  const entries = attributes?.attributes ?? [];
  const hasRecord = owners === 'record' && (kind === 'file' || kind === 'directory');
  const owner = hasRecord && attributes !== undefined ? recordedOwner(attributes) : undefined;
  if (!isOpaque && entries.length === 0 && owner === undefined) return NONE;
  const wanted = new Map<string, Buffer>();
  if (owner !== undefined) wanted.set(OWNER_ATTRIBUTE, owner);
  if (isOpaque) wanted.set(OPAQUE_ATTRIBUTE, OPAQUE_VALUE);
  for (const entry of entries) {
    // The kernel has no user attributes on links and fifos.
    const isRefused = kind !== 'file' && kind !== 'directory' && entry.name.startsWith('user.');
    if (isKeptAttribute(entry.name) && !isRefused) wanted.set(entry.name, attributeValue(entry));
  }
  return wanted;
}
