/**
 * Writes a layer's recipe while the layer is unpacked: what gives back the exact archive later.
 * Memory is one frame, whatever the layer's size.
 */
import { deflateRawSync } from 'node:zlib';
import { loadSyscalls, succeed } from '@berth/host';
import {
  FLAG_COMPLETE, FLAG_STORED, FRAME_BYTES, FRAME_HEADER_BYTES, RECIPE_HEADER, RECIPE_MAGIC,
  RECIPE_VERSION, RECORD,
} from './recipe-format.ts';
import type { DataSegment } from './tar-entry.ts';

/** Headers are so repetitive that the fastest useful level is within a few per cent of the best. */
const COMPRESSION_LEVEL = 3;
const RAW_RECORD_BYTES = 1 << 16;

/** A payload that a file of the tree holds. */
export interface FilePayload {
  /** Canonical path below the root, a byte string. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: Buffer;
  readonly segments: readonly DataSegment[] | undefined;
}

/** Facts that are known when the archive has ended. */
export interface ArchiveFacts {
  readonly archiveBytes: number;
  readonly sha256: Buffer;
}

/** Appends records to an open file, which it neither opens nor closes. */
export class RecipeWriter {
  readonly #fd: number;
  readonly #frame = Buffer.allocUnsafe(FRAME_BYTES);
  readonly #raw = Buffer.allocUnsafe(RAW_RECORD_BYTES);
  #frameBytes = 0;
  #rawBytes = 0;
  #position: number = RECIPE_HEADER.bytes;
  #hasStored = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#position;
  }

  /** Bytes of the archive that no file holds. Consecutive ones share a record. */
  raw(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const copied = bytes.copy(this.#raw, this.#rawBytes, at);
      this.#rawBytes += copied;
      at += copied;
      if (this.#rawBytes === RAW_RECORD_BYTES) this.#flushRaw();
    }
  }

  /** A payload whose bytes are in the file at `path`, until `storedStart` says otherwise. */
  file({ path, sizeBytes, sha256, segments = [] }: FilePayload): void {
    this.#flushRaw();
    const name = Buffer.from(path, 'latin1');
    const record = Buffer.alloc(1 + 2 + name.length + 8 + sha256.length + 4);
    let at = record.writeUInt8(RECORD.file, 0);
    at = record.writeUInt16LE(name.length, at);
    at += name.copy(record, at);
    at = record.writeBigUInt64LE(BigInt(sizeBytes), at);
    at += sha256.copy(record, at);
    record.writeUInt32LE(segments.length, at);
    this.#write(record);
    for (const { offset, length } of segments) this.#write(segmentBytes(offset, length));
  }

  /**
   * The file at `path` is about to be removed: `sizeBytes` of its latest payload follow, through
   * `storedBytes`.
   */
  storedStart(path: string, sizeBytes: number): void {
    this.#flushRaw();
    this.#hasStored = true;
    const name = Buffer.from(path, 'latin1');
    const record = Buffer.alloc(1 + 2 + name.length + 8);
    let at = record.writeUInt8(RECORD.stored, 0);
    at = record.writeUInt16LE(name.length, at);
    at += name.copy(record, at);
    record.writeBigUInt64LE(BigInt(sizeBytes), at);
    this.#write(record);
  }

  storedBytes(bytes: Buffer): void {
    this.#write(bytes);
  }

  /** Completes the file on disk; readers refuse a recipe without this. */
  finish({ archiveBytes, sha256 }: ArchiveFacts): void {
    this.#flushRaw();
    this.#write(Buffer.from([RECORD.end]));
    this.#flushFrame();
    this.#append(Buffer.alloc(FRAME_HEADER_BYTES));
    const header = Buffer.alloc(RECIPE_HEADER.bytes);
    RECIPE_MAGIC.copy(header);
    header.writeUInt32LE(RECIPE_VERSION, RECIPE_HEADER.versionAt);
    header.writeUInt32LE(FLAG_COMPLETE | (this.#hasStored ? FLAG_STORED : 0),
      RECIPE_HEADER.flagsAt);
    header.writeBigUInt64LE(BigInt(archiveBytes), RECIPE_HEADER.archiveBytesAt);
    sha256.copy(header, RECIPE_HEADER.diffIdAt);
    succeed(loadSyscalls().pwrite(this.#fd, header, 0), 'write', 'recipe');
  }

  #flushRaw(): void {
    if (this.#rawBytes === 0) return;
    const header = Buffer.alloc(5);
    header.writeUInt8(RECORD.raw, 0);
    header.writeUInt32LE(this.#rawBytes, 1);
    const bytes = this.#raw.subarray(0, this.#rawBytes);
    this.#rawBytes = 0;
    this.#write(header);
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const copied = bytes.copy(this.#frame, this.#frameBytes, at);
      this.#frameBytes += copied;
      at += copied;
      if (this.#frameBytes === FRAME_BYTES) this.#flushFrame();
    }
  }

  #flushFrame(): void {
    if (this.#frameBytes === 0) return;
    const raw = this.#frame.subarray(0, this.#frameBytes);
    const packed = deflateRawSync(raw, { level: COMPRESSION_LEVEL });
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    header.writeUInt32LE(packed.length, 0);
    header.writeUInt32LE(raw.length, 4);
    this.#frameBytes = 0;
    this.#append(header);
    this.#append(packed);
  }

  #append(bytes: Buffer): void {
    succeed(loadSyscalls().pwrite(this.#fd, bytes, this.#position), 'write', 'recipe');
    this.#position += bytes.length;
  }
}

function segmentBytes(offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(offset), 0);
  bytes.writeBigUInt64LE(BigInt(length), 8);
  return bytes;
}
