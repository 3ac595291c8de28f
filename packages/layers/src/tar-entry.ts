/**
 * What an archive says about one file, after long names, PAX records and sparse maps are applied.
 *
 * Names are *byte strings*: one character for each byte (latin1), because file names are bytes and
 * need not be UTF-8. `pathArgument` turns them into arguments of system calls.
 */
import type { PathArgument, Timespec } from '@berth/host';

/** Kinds of entries; `other` are notes of the archive (volume labels), which make no file. */
export type EntryType =
  | 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'character' | 'block' | 'other';

/** A piece of a sparse file that holds data. */
export interface DataSegment {
  readonly offset: number;
  readonly length: number;
}

/** One extended attribute of an archive; the name is a byte string. */
export interface EntryAttribute {
  readonly name: string;
  readonly value: Buffer;
}

/** One entry of an archive. Nothing in it is trusted: names may hold anything but a NUL. */
export interface TarEntry {
  readonly type: EntryType;
  /** As the archive spells it, a byte string. */
  readonly name: string;
  /** Target of a symbolic or hard link, a byte string; empty for other types. */
  readonly linkName: string;
  /** Permission bits with set-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timespec;
  readonly attributes: readonly EntryAttribute[];
  /** Bytes of payload that follow in the archive; 0 for everything but files. */
  readonly payloadBytes: number;
  /** The file's length; differs from the payload's for sparse files. */
  readonly sizeBytes: number;
  /** Where the payload's bytes go; undefined for files without holes. */
  readonly segments: readonly DataSegment[] | undefined;
}

/** A byte string as a system call takes it. */
export function pathArgument(bytes: string): PathArgument {
  // Strings of pure ASCII are the same in UTF-8 and need no copy.
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1');
}

/** A byte string, decoded for messages. */
export function shown(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}
