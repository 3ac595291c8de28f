/**
 * Follows the frames of a zstd stream without decoding them (RFC 8878, section 3.1), to check that
 * the last frame is complete, which not every decoder reports, and that no frame asks for too much
 * memory.
 */

/** What follows next in the stream, and how many bytes of it must be collected first. */
interface Expectation {
  readonly bytes: number;
  readonly read: (bytes: Buffer) => void;
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const LARGEST_WINDOW_BYTES = 2 ** 27;
const CHECKSUM_BYTES = 4;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const RUN_LENGTH_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** Check a stream: push all bytes; `isWhole` tells whether the stream may end here. */
export class ZstdFrames {
  readonly #refuse: (reason: string) => Error;
  readonly #gathered = Buffer.alloc(32);
  #gatheredBytes = 0;
  #skipBytes = 0;
  #next: Expectation;
  #isWhole = false;
  #hasChecksum = false;

  /** `refuse` makes the error that `push` throws for streams that are no zstd. */
  constructor(refuse: (reason: string) => Error) {
    this.#refuse = refuse;
    this.#next = this.#frameStart();
  }

  /** True between frames, after at least one. */
  get isWhole(): boolean {
    return this.#isWhole && this.#gatheredBytes === 0 && this.#skipBytes === 0;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, chunk.length - at);
        this.#skipBytes -= skipped;
        at += skipped;
        continue;
      }
      const end = Math.min(chunk.length, at + this.#next.bytes - this.#gatheredBytes);
      this.#gathered.set(chunk.subarray(at, end), this.#gatheredBytes);
      this.#gatheredBytes += end - at;
      at = end;
      if (this.#gatheredBytes === this.#next.bytes) this.#readGathered();
    }
  }

  #readGathered(): void {
    const bytes = this.#gathered.subarray(0, this.#gatheredBytes);
    this.#gatheredBytes = 0;
    this.#next.read(bytes);
  }

  /** A magic number, and the byte that says how long the frame's header is. */
  #frameStart(): Expectation {
    return { bytes: 5, read: (bytes) => {
      const magic = bytes.readUInt32LE(0);
      const descriptor = bytes[4] ?? 0;
      this.#isWhole = false;
      if (((magic & SKIPPABLE_MASK) >>> 0) === SKIPPABLE_MAGIC) this.#skipFrame(descriptor);
      else if (magic === MAGIC) this.#next = this.#frameHeader(descriptor);
      else throw this.#refuse('bytes between frames');
    } };
  }

  /** The first byte of the length has been read already. */
  #skipFrame(first: number): void {
    this.#next = { bytes: 3, read: (bytes) => {
      this.#skipBytes = first + bytes.readUIntLE(0, 3) * 256;
      this.#endFrame();
    } };
  }

  #frameHeader(descriptor: number): Expectation {
    const isSingle = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const windowBytes = isSingle ? 0 : 1;
    const sizeFlag = descriptor >>> 6;
    const sizeBytes = isSingle && sizeFlag === 0 ? 1 : CONTENT_SIZE_BYTES[sizeFlag] ?? 0;
    const before = windowBytes + (DICTIONARY_BYTES[descriptor & 3] ?? 0);
    return { bytes: before + sizeBytes, read: (bytes) => {
      const window = isSingle
        ? readLength(bytes.subarray(before))
        : windowSize(bytes[0] ?? 0);
      if (window > LARGEST_WINDOW_BYTES) {
        throw this.#refuse(`a window of ${window} bytes is too large`);
      }
      this.#next = this.#block();
    } };
  }

  #block(): Expectation {
    return { bytes: 3, read: (bytes) => {
      const header = bytes.readUIntLE(0, 3);
      const type = (header >>> 1) & 3;
      if (type === RESERVED_BLOCK) throw this.#refuse('a block of no known type');
      this.#skipBytes = type === RUN_LENGTH_BLOCK ? 1 : header >>> 3;
      if ((header & 1) === 0) return;
      if (this.#hasChecksum) this.#skipBytes += CHECKSUM_BYTES;
      this.#endFrame();
    } };
  }

  #endFrame(): void {
    this.#isWhole = true;
    this.#next = this.#frameStart();
  }
}

/** RFC 8878, 3.1.1.1.2: exponent in five bits, mantissa in three. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

function readLength(bytes: Buffer): number {
  if (bytes.length === 8) return Number(bytes.readBigUInt64LE(0));
  // Lengths of two bytes start at 256.
  return bytes.readUIntLE(0, bytes.length) + (bytes.length === 2 ? 256 : 0);
}
