/**
 * Assembles one entry from its header block and what precedes it: GNU long names, PAX records,
 * global records. The archive formats define which one wins: a record of the entry, then a global
 * record, then a GNU long name, then the header block.
 */
import type { Timespec } from '@berth/host';
import { badArchive } from './limits.ts';
import { parsePax, paxAttributes, paxInteger, paxTime } from './pax.ts';
import type { PaxRecords } from './pax.ts';
import { readPaxSparse } from './sparse.ts';
import type { PaxSparse } from './sparse.ts';
import type { EntryType, TarEntry } from './tar-entry.ts';
import type { RawHeader } from './tar-header.ts';

const TYPES: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  D: 'directory',
  '6': 'fifo',
  V: 'other',
};

/** Global records that are applied. A global path or size can't be right for many entries. */
const GLOBAL_KEYS = /^(?:uid|gid|mtime|SCHILY\.xattr\..*|LIBARCHIVE\.xattr\..*)$/s;
const PERMISSIONS = 0o7777;
const LARGEST_ID = 0xfffffffe;

/** True for headers that describe the next entry instead of being one. */
export function isExtension(flag: string): boolean {
  return 'LKxXg'.includes(flag);
}

/** An entry whose sparse map may still have to be read. */
export interface AssembledEntry {
  readonly entry: TarEntry;
  /** Bytes that follow in the archive, without padding; sometimes more than the payload. */
  readonly bodyBytes: number;
  readonly sparse: PaxSparse | undefined;
}

/** Collects extension headers and applies them to the entry that follows. */
export class EntryAssembly {
  #local: PaxRecords = [];
  readonly #global = new Map<string, string>();
  #longName: string | undefined;
  #longLink: string | undefined;

  /** Takes the body of an extension header. */
  extend(flag: string, body: Buffer): void {
    if (flag === 'L') this.#longName = cString(body);
    else if (flag === 'K') this.#longLink = cString(body);
    else if (flag === 'g') this.#extendGlobal(parsePax(body));
    else this.#local = [...this.#local, ...parsePax(body)];
  }

  /** True if an extension waits for its entry: the archive must not end here. */
  get pending(): boolean {
    return this.#local.length > 0 || this.#longName !== undefined || this.#longLink !== undefined;
  }

  /** The entry of `header`; the collected extensions are used up. Throws an IntegrityError. */
  assemble(header: RawHeader): AssembledEntry {
    const local = this.#local;
    const records: PaxRecords = [...this.#global, ...local];
    const values = new Map(records);
    const sparse = readPaxSparse(local);
    const name = sparse?.name ?? recordOr(values.get('path'), this.#longName ?? header.name);
    const link = recordOr(values.get('linkpath'), this.#longLink ?? header.linkName);
    this.#local = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    const type = entryType(header, name);
    const bodyBytes = bodyBytesOf(header, values.get('size'));
    const entry: TarEntry = {
      type,
      name: checkedName(name),
      linkName: type === 'symlink' || type === 'hardlink' ? checkedName(link) : '',
      mode: header.mode & PERMISSIONS,
      uid: idOf('uid', values.get('uid'), header.uid),
      gid: idOf('gid', values.get('gid'), header.gid),
      mtime: timeOf(values.get('mtime'), header.mtimeSeconds),
      attributes: records.length === 0 ? [] : paxAttributes(records),
      payloadBytes: type === 'file' ? bodyBytes : 0,
      sizeBytes: sparse?.sizeBytes ?? (type === 'file' ? bodyBytes : 0),
      segments: undefined,
    };
    return { entry, bodyBytes, sparse: type === 'file' ? sparse : undefined };
  }

  #extendGlobal(records: PaxRecords): void {
    for (const [key, value] of records) {
      if (value === '') this.#global.delete(key);
      else if (GLOBAL_KEYS.test(key)) this.#global.set(key, value);
    }
  }
}

/** Very old archives mark a directory by a slash at the end of a plain file's name. */
function entryType(header: RawHeader, name: string): EntryType {
  const type = TYPES[header.flag];
  if (type === undefined) {
    throw badArchive(`read archive: entry type ${JSON.stringify(header.flag)} is not known`);
  }
  return header.flag === '0' && name.endsWith('/') ? 'directory' : type;
}

/** Files, incremental directories (which list names) and volume labels. */
const FLAGS_WITH_BODY = '07SDV';

/**
 * How many bytes follow. Links, devices, fifos and directories have none, whatever their size field
 * says (some writers put the directory's length there). The flag decides, not the type: a file
 * whose name ends in a slash is a directory and still has its body.
 */
function bodyBytesOf(header: RawHeader, size: string | undefined): number {
  if (!FLAGS_WITH_BODY.includes(header.flag)) return 0;
  return size === undefined || size === '' ? header.sizeBytes : paxInteger('size', size);
}

function recordOr(value: string | undefined, otherwise: string): string {
  return value === undefined || value === '' ? otherwise : value;
}

function checkedName(name: string): string {
  if (name.includes('\0')) throw badArchive('read archive: a name holds a NUL');
  return name;
}

function idOf(key: string, record: string | undefined, field: number): number {
  const id = record === undefined || record === '' ? field : paxInteger(key, record);
  if (id >= 0 && id <= LARGEST_ID) return id;
  throw badArchive(`read archive: ${key} ${id} is out of range`);
}

function timeOf(record: string | undefined, seconds: number): Timespec {
  if (record === undefined || record === '') return { seconds, nanoseconds: 0 };
  return paxTime('mtime', record);
}

/** Long names end at their NUL. */
function cString(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}
