/**
 * Gives an ELF executable a new entry point: code that runs first and goes on to the old one
 * (native/entry). It becomes a segment of its own at the end of the file, for which the program
 * header of the notes, which nothing reads at run time, is used: there is room for no other.
 * elf(5) is the reference; the file is little-endian, of 64 bits.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { BuildError } from './command.ts';

const PT_LOAD = 1;
const PT_NOTE = 4;
const READ_AND_EXECUTE = 5;
/** The largest page of the kernels that we run on, arm64's. */
const PAGE = 0x1_0000;
/** Before the first instruction: how far it is from there to the old entry point. */
const DISTANCE_BYTES = 8;

/** `file` starts with the code of `codeFile`, which ends in a jump to where it started before. */
export function addEntryPoint(file: string, codeFile: string): void {
  const elf = readFileSync(file);
  const code = readFileSync(codeFile);
  const headers = programHeaders(elf, file);
  const notes = headers.find((header) => header.readUInt32LE(0) === PT_NOTE);
  if (notes === undefined) throw new BuildError(`change "${file}": it has no note segment`);
  const address = pageAfter(Math.max(...headers.filter(isLoaded).map(endOf)));
  const offset = pageAfter(elf.length);
  const entry = address + DISTANCE_BYTES;
  code.writeBigInt64LE(elf.readBigUInt64LE(ENTRY_AT) - BigInt(entry), 0);
  writeSegment(notes, { offset, address, size: code.length });
  elf.writeBigUInt64LE(BigInt(entry), ENTRY_AT);
  writeFileSync(file, Buffer.concat([elf, Buffer.alloc(offset - elf.length), code]));
}

const ENTRY_AT = 24;
const HEADERS_OFFSET_AT = 32;
const HEADER_SIZE_AT = 54;
const HEADER_COUNT_AT = 56;

/** Each is a part of the file's own bytes. */
function programHeaders(elf: Buffer, file: string): Buffer[] {
  if (elf.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') {
    throw new BuildError(`change "${file}": it is no ELF file of 64 bits`);
  }
  const first = Number(elf.readBigUInt64LE(HEADERS_OFFSET_AT));
  const size = elf.readUInt16LE(HEADER_SIZE_AT);
  return Array.from({ length: elf.readUInt16LE(HEADER_COUNT_AT) }, (_, index) =>
    elf.subarray(first + index * size, first + (index + 1) * size));
}

function isLoaded(header: Buffer): boolean {
  return header.readUInt32LE(0) === PT_LOAD;
}

/** Where the segment ends in memory. */
function endOf(header: Buffer): number {
  return Number(header.readBigUInt64LE(16) + header.readBigUInt64LE(40));
}

function pageAfter(position: number): number {
  return Math.ceil(position / PAGE) * PAGE;
}

interface Segment {
  offset: number;
  address: number;
  size: number;
}

function writeSegment(header: Buffer, { offset, address, size }: Segment): void {
  header.writeUInt32LE(PT_LOAD, 0);
  header.writeUInt32LE(READ_AND_EXECUTE, 4);
  [offset, address, address, size, size, PAGE].forEach((value, index) => {
    header.writeBigUInt64LE(BigInt(value), 8 + index * 8);
  });
}
