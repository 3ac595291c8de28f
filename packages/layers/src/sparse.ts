/**
 * Maps of sparse files in the four encodings that GNU tar has written: its old header, and PAX
 * versions 0.0, 0.1 and 1.0. Every map is checked: ordered, inside the file, as long as the
 * payload.
 */
import { badArchive, checkLimit } from './limits.ts';
import { LENGTH_FIELD_BYTES, readLengthField } from './length-field.ts';
import { paxInteger } from './pax.ts';
import type { PaxRecords } from './pax.ts';
import { BLOCK_BYTES } from './tar-header.ts';
import type { DataSegment } from './tar-entry.ts';

const OLD_HEADER = { at: 386, count: 4, extendedAt: 482, sizeAt: 483 };
const OLD_EXTENSION = { at: 0, count: 21, extendedAt: 504 };
const PAIR_BYTES = 2 * LENGTH_FIELD_BYTES;

/** The part of an old GNU map that is in one block. */
export interface OldSparsePart {
  readonly segments: DataSegment[];
  /** True when another extension block follows. */
  readonly extended: boolean;
}

/** The part in the header block itself, and the file's full length. */
export function readOldSparseHeader(block: Buffer): OldSparsePart & { sizeBytes: number } {
  return {
    ...readOldPart(block, OLD_HEADER),
    sizeBytes: readLengthField(block, OLD_HEADER.sizeAt),
  };
}

/** The part in an extension block. */
export function readOldSparseExtension(block: Buffer): OldSparsePart {
  return readOldPart(block, OLD_EXTENSION);
}

/** What PAX records say about sparseness; undefined when they say nothing. */
export interface PaxSparse {
  /** 1.0: the map is at the start of the payload. */
  readonly mapInPayload: boolean;
  readonly segments: DataSegment[];
  readonly sizeBytes: number;
  /** Byte string; the entry's name in versions 0.1 and 1.0. */
  readonly name: string | undefined;
}

/** Reads the GNU.sparse.* records of one entry. */
export function readPaxSparse(records: PaxRecords): PaxSparse | undefined {
  const values = new Map(records);
  const isVersion1 = values.get('GNU.sparse.major') === '1';
  const sizeKey = values.has('GNU.sparse.realsize') ? 'GNU.sparse.realsize' : 'GNU.sparse.size';
  const size = values.get(sizeKey);
  const map = values.get('GNU.sparse.map');
  if (!isVersion1 && map === undefined && !values.has('GNU.sparse.numblocks')) return undefined;
  if (size === undefined) throw badArchive('read archive: sparse file without a size');
  return {
    mapInPayload: isVersion1,
    segments: isVersion1 ? [] : pairs(map === undefined ? repeated(records) : map.split(',')),
    sizeBytes: paxInteger(sizeKey, size),
    name: values.get('GNU.sparse.name'),
  };
}

/** Version 0.0 repeats two keys for each piece. */
function repeated(records: PaxRecords): string[] {
  const isPiece = (key: string): boolean =>
    key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes';
  return records.filter(([key]) => isPiece(key)).map(([, value]) => value);
}

/** A version 1.0 map: decimal lines, the first their number of pairs, in whole blocks. */
export class PayloadMap {
  readonly #mostSegments: number;
  readonly #blocks: string[] = [];
  #lines = 0;
  #wantedLines: number | undefined;

  constructor(mostSegments: number) {
    this.#mostSegments = mostSegments;
  }

  /** Length of the map so far, padding included. */
  get sizeBytes(): number {
    return this.#blocks.length * BLOCK_BYTES;
  }

  /** Takes the next block; returns the pieces once all are there. */
  push(block: Buffer): DataSegment[] | undefined {
    const text = block.toString('latin1');
    this.#blocks.push(text);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lines += 1;
    if (this.#wantedLines === undefined) this.#wantedLines = this.#readCount();
    if (this.#lines < this.#wantedLines) return undefined;
    return pairs(this.#blocks.join('').split('\n').slice(1, this.#wantedLines));
  }

  #readCount(): number {
    const [first = '', rest] = (this.#blocks[0] ?? '').split('\n');
    if (rest === undefined) throw badArchive('read archive: bad sparse map');
    const count = paxInteger('sparse map', first);
    checkLimit('pieces of a sparse file', count, this.#mostSegments);
    return 2 * count + 1;
  }
}

/**
 * The map without empty pieces. Throws an IntegrityError when pieces overlap, go backwards, leave
 * the file, or do not add up to the payload.
 */
export function checkSegments(
  segments: readonly DataSegment[],
  sizes: { payloadBytes: number; sizeBytes: number },
): DataSegment[] {
  let end = 0;
  let total = 0;
  for (const { offset, length } of segments) {
    if (offset < end || offset + length > sizes.sizeBytes) {
      throw badArchive('read archive: bad sparse map');
    }
    end = offset + length;
    total += length;
  }
  if (total !== sizes.payloadBytes) throw badArchive('read archive: bad sparse map');
  return segments.filter(({ length }) => length > 0);
}

function pairs(numbers: readonly string[]): DataSegment[] {
  if (numbers.length % 2 !== 0) throw badArchive('read archive: bad sparse map');
  const segments: DataSegment[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    segments.push({
      offset: paxInteger('sparse map', numbers[index] ?? ''),
      length: paxInteger('sparse map', numbers[index + 1] ?? ''),
    });
  }
  return segments;
}

function readOldPart(
  block: Buffer,
  { at, count, extendedAt }: { at: number; count: number; extendedAt: number },
): OldSparsePart {
  const segments: DataSegment[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = at + index * PAIR_BYTES;
    if (block[start] === 0) break;
    segments.push({
      offset: readLengthField(block, start),
      length: readLengthField(block, start + LENGTH_FIELD_BYTES),
    });
  }
  return { segments, extended: block[extendedAt] !== 0 };
}
