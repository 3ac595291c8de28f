/**
 * Reads a layer's recipe back: its header at once, its records as they are asked for.
 */
import { constants, closeSync, openSync, readSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { IntegrityError } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';
import {
  FLAG_COMPLETE, FLAG_STORED, FRAME_BYTES, FRAME_HEADER_BYTES, HASH_BYTES, RECIPE_HEADER,
  RECIPE_MAGIC, RECIPE_VERSION, RECORD,
} from './recipe-format.ts';
import type { DataSegment } from './tar-entry.ts';

/** One record. Bytes are valid until the next record is asked for. */
export type RecipeRecord =
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | {
    readonly kind: 'file';
    /** Canonical path below the layer's root, a byte string. */
    readonly path: string;
    readonly sizeBytes: number;
    readonly sha256: Buffer;
    /** Where the payload's bytes are in the file; empty for a file without holes. */
    readonly segments: readonly DataSegment[];
  }
  /** Follows the `file` record with the same path, whose file was replaced. */
  | {
    readonly kind: 'stored';
    readonly path: string;
    readonly sizeBytes: number;
    /** Opens the payload; may be called at any time while the recipe is open. */
    readonly bytes: () => Generator<Buffer>;
  };

/** An open recipe. `close` it. */
export interface Recipe {
  readonly diffId: string;
  /** Length of the archive that it reproduces. */
  readonly archiveBytes: number;
  /** False: it has no `stored` record, so nobody needs to look for one. */
  readonly hasStored: boolean;
  /** All records in order; each call starts anew. */
  records(): Generator<RecipeRecord>;
  close(): void;
}

const RAW_RECORD_BYTES = 1 << 16;
const DEFLATE_SLACK_BYTES = 1 << 12;

/**
 * Opens the recipe at `path`. Throws a SystemError, or an IntegrityError for what is no recipe,
 * an unfinished one, or one of another version.
 */
export function readRecipe(path: string): Recipe {
  const fd = openRecipe(path);
  try {
    const header = readExactly(fd, RECIPE_HEADER.bytes, 0);
    const flags = header.readUInt32LE(RECIPE_HEADER.flagsAt);
    checkHeader(header, flags);
    const hash = header.subarray(RECIPE_HEADER.diffIdAt, RECIPE_HEADER.diffIdAt + HASH_BYTES);
    return {
      diffId: `sha256:${hash.toString('hex')}`,
      archiveBytes: safeNumber(header.readBigUInt64LE(RECIPE_HEADER.archiveBytesAt)),
      hasStored: (flags & FLAG_STORED) !== 0,
      records: () => readRecords(fd),
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A descriptor of the file at this path; reading never blocks, even if it is a pipe. */
export function openRecipe(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw systemErrorFrom(error, 'open', path);
  }
}

function checkHeader(header: Buffer, flags: number): void {
  if (!header.subarray(0, RECIPE_MAGIC.length).equals(RECIPE_MAGIC)) throw damaged('no recipe');
  const version = header.readUInt32LE(RECIPE_HEADER.versionAt);
  if (version !== RECIPE_VERSION) throw damaged(`version ${version} is not known`);
  if ((flags & FLAG_COMPLETE) === 0) throw damaged('it was never completed');
  if ((flags & ~(FLAG_COMPLETE | FLAG_STORED)) !== 0) throw damaged('its flags are not known');
}

function* readRecords(fd: number): Generator<RecipeRecord> {
  const input = new FrameInput(fd);
  for (;;) {
    const tag = input.take(1)[0];
    if (tag === RECORD.end) return;
    if (tag === RECORD.raw) {
      const length = input.take(4).readUInt32LE(0);
      if (length > RAW_RECORD_BYTES) throw damaged('a record is too long');
      yield { kind: 'raw', bytes: input.take(length) };
    } else if (tag === RECORD.file) {
      yield readFileRecord(input);
    } else if (tag === RECORD.stored) {
      yield readStoredRecord(fd, input);
    } else {
      throw damaged('a record is of no known kind');
    }
  }
}

function readFileRecord(input: FrameInput): RecipeRecord {
  const path = readPath(input);
  const sizeBytes = safeNumber(input.take(8).readBigUInt64LE(0));
  const sha256 = Buffer.from(input.take(HASH_BYTES));
  const count = input.take(4).readUInt32LE(0);
  const segments: DataSegment[] = [];
  for (let index = 0; index < count; index += 1) {
    const pair = input.take(16);
    segments.push({
      offset: safeNumber(pair.readBigUInt64LE(0)),
      length: safeNumber(pair.readBigUInt64LE(8)),
    });
  }
  return { kind: 'file', path, sizeBytes, sha256, segments };
}

function readStoredRecord(fd: number, input: FrameInput): RecipeRecord {
  const path = readPath(input);
  const sizeBytes = safeNumber(input.take(8).readBigUInt64LE(0));
  const place = input.place();
  input.skip(sizeBytes);
  return {
    kind: 'stored', path, sizeBytes,
    bytes: () => new FrameInput(fd, place).pieces(sizeBytes),
  };
}

function readPath(input: FrameInput): string {
  return input.take(input.take(2).readUInt16LE(0)).toString('latin1');
}

/** A place in the raw stream: a frame's position in the file, and an offset in its raw bytes. */
interface Place {
  readonly framePosition: number;
  readonly offset: number;
}

/** The raw stream behind the frames of a recipe. */
class FrameInput {
  readonly #fd: number;
  #framePosition: number;
  #nextPosition: number;
  #frame: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(fd: number, place?: Place) {
    this.#fd = fd;
    this.#framePosition = place?.framePosition ?? RECIPE_HEADER.bytes;
    this.#nextPosition = this.#framePosition;
    if (place === undefined) return;
    this.#nextFrame();
    this.#at = place.offset;
  }

  place(): Place {
    return { framePosition: this.#framePosition, offset: this.#at };
  }

  /** Exactly `length` bytes; a view if one frame holds them. */
  take(length: number): Buffer {
    if (this.#at === this.#frame.length && length > 0) this.#nextFrame();
    const end = this.#at + length;
    if (end <= this.#frame.length) {
      const bytes = this.#frame.subarray(this.#at, end);
      this.#at = end;
      return bytes;
    }
    return Buffer.concat([...this.pieces(length)]);
  }

  /** The next `length` bytes, in pieces as the frames have them. */
  *pieces(length: number): Generator<Buffer> {
    let missing = length;
    while (missing > 0) {
      if (this.#at === this.#frame.length) this.#nextFrame();
      const bytes = this.#frame.subarray(this.#at, this.#at + missing);
      this.#at += bytes.length;
      missing -= bytes.length;
      yield bytes;
    }
  }

  skip(length: number): void {
    let missing = length;
    for (const bytes of this.pieces(length)) missing -= bytes.length;
    if (missing !== 0) throw damaged('it is cut short');
  }

  #nextFrame(): void {
    const header = readExactly(this.#fd, FRAME_HEADER_BYTES, this.#nextPosition);
    const packedBytes = header.readUInt32LE(0);
    const rawBytes = header.readUInt32LE(4);
    if (rawBytes === 0) throw damaged('it is cut short');
    if (rawBytes > FRAME_BYTES || packedBytes > FRAME_BYTES + DEFLATE_SLACK_BYTES) {
      throw damaged('a frame is too long');
    }
    const packed = readExactly(this.#fd, packedBytes, this.#nextPosition + FRAME_HEADER_BYTES);
    this.#framePosition = this.#nextPosition;
    this.#nextPosition += FRAME_HEADER_BYTES + packedBytes;
    this.#frame = inflate(packed, rawBytes);
    this.#at = 0;
  }
}

function inflate(packed: Buffer, rawBytes: number): Buffer {
  let raw: Buffer;
  try {
    raw = inflateRawSync(packed, { maxOutputLength: rawBytes });
  } catch (error) {
    throw damaged((error as Error).message);
  }
  if (raw.length !== rawBytes) throw damaged('a frame is cut short');
  return raw;
}

function readExactly(fd: number, length: number, position: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, position + done);
    if (count === 0) throw damaged('it is cut short');
    done += count;
  }
  return bytes;
}

function safeNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw damaged('a number is out of range');
  return number;
}

function damaged(reason: string): IntegrityError {
  return new IntegrityError('DAMAGED_RECIPE', `read layer recipe: ${reason}`, {
    hint: 'berth system check --repair',
  });
}
