/**
 * Finds the members of a plain tar archive without extracting anything: names, sizes, and where
 * in the file their bytes are. Enough of ustar, PAX and GNU for what `save` programs write.
 */
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { IntegrityError } from '@berth/errors';

/** A regular file of the archive, or a link to one. */
export interface TarMember {
  readonly kind: 'file' | 'symlink' | 'hardlink';
  readonly offset: number;
  readonly sizeBytes: number;
  /** For links: the member meant, from the archive's root. */
  readonly target: string;
}

/** The members by normal name; of equal names the last one counts. */
export type TarIndex = ReadonlyMap<string, TarMember>;

const BLOCK_BYTES = 512;
/** An image has a few hundred members; reading a million headers would only waste time. */
const MAXIMUM_MEMBERS = 200_000;
const MAXIMUM_META_BYTES = 1 << 20;
const MAXIMUM_LINKS = 16;

/**
 * The archive's members. Throws IntegrityError when the file is no tar, is cut off within a
 * member, or has a name that leaves the archive.
 */
export async function indexTar(file: FileHandle, name: string): Promise<TarIndex> {
  const sizeBytes = (await file.stat()).size;
  const members = new Map<string, TarMember>();
  let pending: Overrides = {};
  let offset = 0;
  for (let count = 0; offset + BLOCK_BYTES <= sizeBytes; count += 1) {
    if (count === MAXIMUM_MEMBERS) throw damaged(name, 'more members than an image can have');
    const header = parseHeader(await readAt(file, { offset, length: BLOCK_BYTES }), name);
    if (header === undefined) break;
    const memberBytes = pending.sizeBytes ?? header.sizeBytes;
    const dataOffset = offset + BLOCK_BYTES;
    if (dataOffset + memberBytes > sizeBytes) throw damaged(name, 'the archive is cut off');
    offset = dataOffset + Math.ceil(memberBytes / BLOCK_BYTES) * BLOCK_BYTES;
    if (META_TYPES.has(header.type)) {
      if (memberBytes > MAXIMUM_META_BYTES) throw damaged(name, 'a member has too long a name');
      const text = await readAt(file, { offset: dataOffset, length: memberBytes });
      pending = { ...pending, ...readMeta(header.type, text) };
      continue;
    }
    addMember(members, {
      header,
      pending,
      offset: dataOffset,
      sizeBytes: memberBytes,
      archive: name,
    });
    pending = {};
  }
  return members;
}

/** The regular file that `name` means, links followed inside the archive, or undefined. */
export function findMember(index: TarIndex, name: string): TarMember | undefined {
  let current = index.get(posix.normalize(name));
  for (let step = 0; current !== undefined && current.kind !== 'file'; step += 1) {
    if (step === MAXIMUM_LINKS) return undefined;
    current = index.get(current.target);
  }
  return current;
}

interface Header {
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  readonly sizeBytes: number;
}

/** What PAX and GNU headers say about the member that follows them. */
interface Overrides {
  readonly name?: string;
  readonly linkName?: string;
  readonly sizeBytes?: number;
}

/** PAX of one member and of all, GNU long link and long name. */
const META_TYPES = new Set(['x', 'g', 'K', 'L']);

async function readAt(
  file: FileHandle,
  { offset, length }: { offset: number; length: number },
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function parseHeader(block: Buffer, archive: string): Header | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const stated = parseNumber(block.subarray(148, 156));
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  const sizeBytes = parseNumber(block.subarray(124, 136));
  if (stated !== sum || sizeBytes === undefined)
    throw damaged(archive, 'not a tar archive, or a damaged one');
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, { start: 345, length: 155 }) : '';
  const name = text(block, { start: 0, length: 100 });
  return {
    type: String.fromCharCode(block[156] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    linkName: text(block, { start: 157, length: 100 }),
    sizeBytes,
  };
}

function text(block: Buffer, { start, length }: { start: number; length: number }): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

/** Octal text, or GNU's base 256 for what does not fit; undefined when it is neither. */
function parseNumber(field: Buffer): number | undefined {
  if ((field[0] ?? 0) === 0x80) {
    const value = field.subarray(1).reduce((total, byte) => total * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = field.toString('latin1').replace(/\0.*$/s, '').trim();
  if (!/^[0-7]*$/.test(digits)) return undefined;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function readMeta(type: string, body: Buffer): Overrides {
  if (type === 'g') return {};
  if (type === 'x') return readPax(body);
  const value = body.toString('utf8').replace(/\0.*$/s, '');
  return type === 'L' ? { name: value } : { linkName: value };
}

function readPax(body: Buffer): Overrides {
  const found: { name?: string; linkName?: string; sizeBytes?: number } = {};
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(body.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= space - at || at + length > body.length) break;
    const record = body.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    const value = record.slice(equals + 1);
    const key = record.slice(0, equals);
    if (key === 'path') found.name = value;
    if (key === 'linkpath') found.linkName = value;
    if (key === 'size' && /^\d{1,15}$/.test(value)) found.sizeBytes = Number(value);
    at += length;
  }
  return found;
}

interface FoundMember {
  readonly header: Header;
  readonly pending: Overrides;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly archive: string;
}

function addMember(members: Map<string, TarMember>, found: FoundMember): void {
  const name = found.pending.name ?? found.header.name;
  const linkName = found.pending.linkName ?? found.header.linkName;
  const { offset, sizeBytes } = found;
  const key = posix.normalize(name).replace(/\/$/, '');
  if (key.startsWith('/') || key === '..' || key.startsWith('../')) {
    throw damaged(found.archive, `member "${name}" leaves the archive`);
  }
  const { type } = found.header;
  if (type === '0' || type === '\0' || type === '7') {
    members.set(key, { kind: 'file', offset, sizeBytes, target: '' });
  } else if (type === '1') {
    members.set(key, { kind: 'hardlink', offset, sizeBytes: 0, target: posix.normalize(linkName) });
  } else if (type === '2') {
    // A link that points above the root becomes a name that no member can have.
    const target = posix.normalize(posix.join(posix.dirname(key), linkName));
    members.set(key, { kind: 'symlink', offset, sizeBytes: 0, target });
  }
}

function damaged(archive: string, reason: string): IntegrityError {
  return new IntegrityError('BAD_ARCHIVE', `read archive "${archive}": ${reason}`);
}
