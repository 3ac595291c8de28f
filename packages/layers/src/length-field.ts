/**
 * The twelve bytes in which tar headers keep lengths: octal digits, or base 256 for lengths of
 * 8 GiB and more. Strict, because readers that skip over odd bytes end up at different places.
 */
import { badArchive } from './limits.ts';

/** Length of the field. */
export const LENGTH_FIELD_BYTES = 12;

const POSITIVE_BASE_256 = 0x80;
/** Of the eleven bytes behind the mark, those that a safe integer never needs. */
const HIGH_BYTES = 3;

/** The length at `at`. Throws an IntegrityError for negative, unsafe and malformed numbers. */
export function readLengthField(block: Buffer, at: number): number {
  const length = block[at] === POSITIVE_BASE_256 ? readBase256(block, at) : readOctal(block, at);
  if (!Number.isSafeInteger(length)) throw badArchive('read archive: bad size in a header');
  return length;
}

function readBase256(block: Buffer, at: number): number {
  const low = at + LENGTH_FIELD_BYTES - 8;
  const high = block.subarray(at + 1, at + 1 + HIGH_BYTES);
  return high.every((byte) => byte === 0) ? Number(block.readBigUInt64BE(low)) : NaN;
}

function readOctal(block: Buffer, at: number): number {
  const text = block.toString('latin1', at, at + LENGTH_FIELD_BYTES);
  const [, digits] = /^ *([0-7]*) *(?:\0[^]*)?$/.exec(text) ?? [];
  return digits === undefined ? NaN : Number.parseInt(digits || '0', 8);
}
