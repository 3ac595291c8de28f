/**
 * One 512-byte header block, decoded by the tar package and checked more strictly than it does:
 * number fields must be numbers, and names stay bytes.
 */
import { Header } from 'tar/header';
import { readLengthField } from './length-field.ts';
import { badArchive } from './limits.ts';

/** Everything in a tar archive comes in blocks of this length. */
export const BLOCK_BYTES = 512;

/** A header as it stands in the block, before long names and PAX records. */
export interface RawHeader {
  /** The type flag's character; NUL is given as `0`. */
  readonly flag: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
}

const NAME = { at: 0, bytes: 100 };
/** Mode, ids, length, time and checksum. */
const NUMBERS = { at: 100, bytes: 56 };
const SIZE_AT = 124;
const CHECKSUM = { at: 148, bytes: 8 };
const CHECKSUM_OF_ZEROS = CHECKSUM.bytes * ' '.charCodeAt(0);
const FLAG_AT = 156;
const LINK_NAME = { at: 157, bytes: 100 };
const MAGIC = { at: 257, bytes: 6 };
const PREFIX = { at: 345, bytes: 155 };
const STAR_PREFIX_BYTES = 131;
const STAR_TRAILER = { at: 508, bytes: 4 };

const numbers = Buffer.alloc(BLOCK_BYTES);

/**
 * The header in `block`, or undefined for a block of zeros. Throws an IntegrityError for a wrong
 * checksum, and for a size or time that is no number.
 */
export function decodeHeader(block: Buffer): RawHeader | undefined {
  const header = decodeNumbers(block);
  const sum = checksum(block);
  if (header.cksum === undefined && sum === CHECKSUM_OF_ZEROS) return undefined;
  if (header.cksum !== sum) throw badArchive('read archive: wrong header checksum');
  const name = fieldText(block, NAME);
  const mtimeSeconds = (header.mtime?.getTime() ?? 0) / 1000;
  if (!Number.isFinite(mtimeSeconds)) throw badArchive('read archive: bad time in a header');
  return {
    flag: block[FLAG_AT] === 0 ? '0' : String.fromCharCode(block[FLAG_AT] ?? 0),
    name: withPrefix(block, name),
    linkName: fieldText(block, LINK_NAME),
    mode: header.mode ?? 0,
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    // The package returns 0 for directories and ignores invalid bytes, so read the field itself.
    sizeBytes: readLengthField(block, SIZE_AT),
    mtimeSeconds: Math.floor(mtimeSeconds),
  };
}

/**
 * Has the number fields alone. The package decodes names, owners' names and more from every header
 * that it is given, which took half of the time: those of `numbers` are empty.
 */
function decodeNumbers(block: Buffer): Header {
  block.copy(numbers, NUMBERS.at, NUMBERS.at, NUMBERS.at + NUMBERS.bytes);
  try {
    return new Header(numbers);
  } catch (error) {
    throw badArchive(`read archive: bad header: ${(error as Error).message}`);
  }
}

/** The sum of the block's bytes, where those of the sum itself count as blanks. */
function checksum(block: Buffer): number {
  let sum = CHECKSUM_OF_ZEROS;
  for (let at = 0; at < CHECKSUM.at; at += 1) sum += block[at] ?? 0;
  for (let at = CHECKSUM.at + CHECKSUM.bytes; at < BLOCK_BYTES; at += 1) sum += block[at] ?? 0;
  return sum;
}

/**
 * Only POSIX archives have prefixes: GNU's magic ends in a blank, and GNU uses the room otherwise.
 */
function withPrefix(block: Buffer, name: string): string {
  if (fieldText(block, MAGIC) !== 'ustar' || block[MAGIC.at + MAGIC.bytes - 1] !== 0) return name;
  const isStar = block.toString('latin1', STAR_TRAILER.at, BLOCK_BYTES) === 'tar\0';
  const prefix = fieldText(block, isStar ? { ...PREFIX, bytes: STAR_PREFIX_BYTES } : PREFIX);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function fieldText(block: Buffer, { at, bytes }: { at: number; bytes: number }): string {
  let end = at;
  while (end < at + bytes && block[end] !== 0) end += 1;
  return block.toString('latin1', at, end);
}
