/**
 * A synchronous tar reader: bytes are pushed in, calls come out. It holds one header at most,
 * never a payload, so its memory does not depend on the archive.
 *
 * Every byte pushed comes out exactly once, in order, through `raw` (headers, padding, trailer)
 * or `payload`: that is what lets a recipe give the archive back.
 */
import { EntryAssembly, isExtension } from './entry-assembly.ts';
import type { AssembledEntry } from './entry-assembly.ts';
import { badArchive, checkLimit, DEFAULT_LIMITS } from './limits.ts';
import type { LayerLimits } from './limits.ts';
import {
  checkSegments, PayloadMap, readOldSparseExtension, readOldSparseHeader,
} from './sparse.ts';
import type { DataSegment, TarEntry } from './tar-entry.ts';
import { BLOCK_BYTES, decodeHeader } from './tar-header.ts';

/** Receives the archive. Buffers belong to the reader: use them before returning. */
export interface TarVisitor {
  /** Bytes that belong to no payload. */
  raw(bytes: Buffer): void;
  /** A new entry. Its payload comes next; if this returns false, it comes through `raw`. */
  begin(entry: TarEntry): boolean;
  payload(bytes: Buffer): void;
  /** The entry's payload is complete; called for each entry, also those without one. */
  end(entry: TarEntry): void;
}

type BlockHandler = (block: Buffer) => void;

/** Push-style reader; `push` all chunks, then `finish`. */
export class TarReader {
  readonly #visitor: TarVisitor;
  readonly #limits: LayerLimits;
  readonly #assembly = new EntryAssembly();
  readonly #partial = Buffer.alloc(BLOCK_BYTES);
  #partialBytes = 0;
  #onBlock: BlockHandler = (block) => this.#onHeader(block);
  #bodyBytes = 0;
  #bodyIsPayload = false;
  #paddingBytes = 0;
  #current: TarEntry | undefined;
  #collected: Buffer[] = [];
  #seenZeroBlock = false;
  #inTrailer = false;

  constructor(visitor: TarVisitor, limits: LayerLimits = DEFAULT_LIMITS) {
    this.#visitor = visitor;
    this.#limits = limits;
  }

  /** Reads on. Throws an IntegrityError for a broken archive, and what the visitor throws. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inTrailer) {
        this.#visitor.raw(chunk.subarray(at));
        return;
      }
      if (this.#bodyBytes > 0) at = this.#pushBody(chunk, at);
      else if (this.#paddingBytes > 0) at = this.#pushPadding(chunk, at);
      else at = this.#pushBlock(chunk, at);
    }
  }

  /** Skips the payload that comes next, all `sizeBytes` of it, without its bytes. */
  skipPayload(sizeBytes: number): void {
    if (!this.#bodyIsPayload || this.#partialBytes > 0 || this.#bodyBytes !== sizeBytes) {
      throw badArchive('read archive: a payload of another length than its header says');
    }
    this.#bodyBytes = 0;
    this.#endEntry();
  }

  /**
   * Declares the end. Throws an IntegrityError when the archive stops within an entry. The padding
   * after the last payload may be absent: umoci's `insert` does not write it.
   */
  finish(): void {
    const isWhole = this.#partialBytes === 0 && this.#bodyBytes === 0 &&
      this.#current === undefined && !this.#assembly.pending;
    if (!isWhole) throw badArchive('read archive: it ends in the middle of an entry');
  }

  #pushBody(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#bodyBytes);
    const bytes = chunk.subarray(at, end);
    this.#bodyBytes -= bytes.length;
    if (this.#bodyIsPayload) this.#visitor.payload(bytes);
    else this.#visitor.raw(bytes);
    if (this.#bodyBytes === 0) this.#endEntry();
    return end;
  }

  #pushPadding(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#paddingBytes);
    this.#paddingBytes -= end - at;
    this.#visitor.raw(chunk.subarray(at, end));
    return end;
  }

  /** Gives whole blocks to the current handler; only blocks cut by a chunk are copied. */
  #pushBlock(chunk: Buffer, at: number): number {
    const isInPlace = this.#partialBytes === 0 && chunk.length - at >= BLOCK_BYTES;
    if (isInPlace) {
      this.#handle(chunk.subarray(at, at + BLOCK_BYTES));
      return at + BLOCK_BYTES;
    }
    const copied = chunk.copy(
      this.#partial, this.#partialBytes, at,
      at + Math.min(BLOCK_BYTES - this.#partialBytes, chunk.length - at),
    );
    this.#partialBytes += copied;
    if (this.#partialBytes === BLOCK_BYTES) {
      this.#partialBytes = 0;
      this.#handle(this.#partial);
    }
    return at + copied;
  }

  #handle(block: Buffer): void {
    this.#visitor.raw(block);
    this.#onBlock(block);
  }

  #onHeader(block: Buffer): void {
    const header = decodeHeader(block);
    if (header === undefined) {
      this.#inTrailer = this.#seenZeroBlock;
      this.#seenZeroBlock = true;
      return;
    }
    // After a single block of zeros readers disagree on what follows, so nothing may follow.
    if (this.#seenZeroBlock) throw badArchive('read archive: an entry follows its end');
    if (isExtension(header.flag)) {
      this.#collectExtension(header.flag, header.sizeBytes);
      return;
    }
    const assembled = this.#assembly.assemble(header);
    if (header.flag === 'S') this.#startOldSparse(block, assembled);
    else if (assembled.sparse?.mapInPayload === true) this.#startPayloadMap(assembled);
    else this.#start(assembled, assembled.sparse?.segments);
  }

  #collectExtension(flag: string, sizeBytes: number): void {
    checkLimit('extended header', sizeBytes, this.#limits.extendedHeaderBytes);
    if (sizeBytes === 0) return;
    this.#collect(Math.ceil(sizeBytes / BLOCK_BYTES), (body) => {
      this.#assembly.extend(flag, body.subarray(0, sizeBytes));
    });
  }

  /** Gathers `count` blocks, then goes back to headers and calls `done`. */
  #collect(count: number, done: (body: Buffer) => void): void {
    let missing = count;
    this.#collected = [];
    this.#onBlock = (block) => {
      this.#collected.push(Buffer.from(block));
      missing -= 1;
      if (missing > 0) return;
      this.#onBlock = (next) => this.#onHeader(next);
      done(Buffer.concat(this.#collected));
    };
  }

  #startOldSparse(block: Buffer, assembled: AssembledEntry): void {
    const first = readOldSparseHeader(block);
    const segments = first.segments;
    const entry = { ...assembled.entry, sizeBytes: first.sizeBytes };
    const start = (): void => {
      this.#onBlock = (next) => this.#onHeader(next);
      this.#start({ ...assembled, entry }, segments);
    };
    if (!first.extended) {
      start();
      return;
    }
    this.#onBlock = (next) => {
      const part = readOldSparseExtension(next);
      segments.push(...part.segments);
      checkLimit('pieces of a sparse file', segments.length, this.#limits.segments);
      if (!part.extended) start();
    };
  }

  /** The map fills whole blocks at the start of the body; the rest is the payload. */
  #startPayloadMap(assembled: AssembledEntry): void {
    const map = new PayloadMap(this.#limits.segments);
    this.#onBlock = (block) => {
      const segments = map.push(block);
      const bodyBytes = assembled.bodyBytes - map.sizeBytes;
      if (bodyBytes < 0 || (segments === undefined && bodyBytes === 0)) {
        throw badArchive('read archive: bad sparse map');
      }
      if (segments === undefined) return;
      this.#onBlock = (next) => this.#onHeader(next);
      const entry = { ...assembled.entry, payloadBytes: bodyBytes };
      this.#start({ ...assembled, entry, bodyBytes }, segments);
    };
  }

  #start({ entry, bodyBytes }: AssembledEntry, segments: DataSegment[] | undefined): void {
    const complete: TarEntry = segments === undefined
      ? entry
      : { ...entry, segments: checkSegments(segments, entry) };
    this.#current = complete;
    this.#bodyIsPayload = this.#visitor.begin(complete) && bodyBytes === complete.payloadBytes;
    this.#bodyBytes = bodyBytes;
    this.#paddingBytes = (BLOCK_BYTES - (bodyBytes % BLOCK_BYTES)) % BLOCK_BYTES;
    if (bodyBytes === 0) this.#endEntry();
  }

  #endEntry(): void {
    const entry = this.#current;
    this.#current = undefined;
    if (entry !== undefined) this.#visitor.end(entry);
  }
}
