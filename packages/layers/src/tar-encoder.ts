/**
 * Headers of tar entries in the POSIX.1-2001 format: ustar, with PAX records for what does not fit
 * (long names, large ids, nanoseconds, extended attributes).
 */
import type { EntryAttribute, EntryType, TarEntry } from './tar-entry.ts';
import { BLOCK_BYTES } from './tar-header.ts';

const FLAGS: Readonly<Partial<Record<EntryType, string>>> = {
  file: '0', hardlink: '1', symlink: '2', character: '3', block: '4', directory: '5', fifo: '6',
};
const NAME_BYTES = 100;
const LARGEST_ID = 0o7777777;
const LARGEST_SIZE = 0o77777777777;
const PAX_NAME = 'PaxHeaders/0';

/** An entry to be written; devices carry their numbers. */
export type EncodedEntry =
  Omit<TarEntry, 'segments' | 'payloadBytes'> & { readonly device?: readonly [number, number] };

/** The blocks that stand before the entry's payload. Names are byte strings. */
export function encodeEntry(entry: EncodedEntry): Buffer {
  const records = paxRecords(entry);
  const header = headerBlock(entry);
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const pax = headerBlock({
    type: 'file', name: PAX_NAME, linkName: '', mode: 0o644, uid: 0, gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 }, attributes: [], sizeBytes: body.length,
  }, 'x');
  return Buffer.concat([pax, body, Buffer.alloc(paddingOf(body.length)), header]);
}

/** How many zeros follow a payload. */
export function paddingOf(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

function paxRecords(entry: EncodedEntry): Buffer[] {
  const { name, linkName, uid, gid, sizeBytes, mtime, attributes } = entry;
  const records: [key: string, value: string][] = [];
  if (name.length > NAME_BYTES) records.push(['path', name]);
  if (linkName.length > NAME_BYTES) records.push(['linkpath', linkName]);
  if (uid > LARGEST_ID) records.push(['uid', String(uid)]);
  if (gid > LARGEST_ID) records.push(['gid', String(gid)]);
  if (sizeBytes > LARGEST_SIZE) records.push(['size', String(sizeBytes)]);
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > LARGEST_SIZE) {
    records.push(['mtime', timeText(entry)]);
  }
  return [
    ...records.map(([key, value]) => record(key, Buffer.from(value, 'latin1'))),
    ...attributes.map(attributeRecord),
  ];
}

function attributeRecord({ name, value }: EntryAttribute): Buffer {
  return record(`SCHILY.xattr.${name}`, value);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length + String(rest.length).length;
  if (String(length).length !== String(rest.length).length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** Second -2 and 500,000,000 ns become `-1.5`. */
function timeText({ mtime: { seconds, nanoseconds } }: EncodedEntry): string {
  if (seconds >= 0) return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  if (nanoseconds === 0) return String(seconds);
  return `-${-seconds - 1}.${String(1_000_000_000 - nanoseconds).padStart(9, '0')}`;
}

function headerBlock(entry: EncodedEntry, flag = FLAGS[entry.type] ?? '0'): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, width: number): void => {
    const kept = value < 0 || value >= 8 ** (width - 1) ? 0 : value;
    block.write(kept.toString(8).padStart(width - 1, '0'), at, 'latin1');
  };
  block.write(entry.name.slice(0, NAME_BYTES), 0, 'latin1');
  octal(entry.mode, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(entry.sizeBytes, 124, 12);
  octal(entry.mtime.seconds, 136, 12);
  block.write(flag, 156, 'latin1');
  block.write(entry.linkName.slice(0, NAME_BYTES), 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(entry.device?.[0] ?? 0, 329, 8);
  octal(entry.device?.[1] ?? 0, 337, 8);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
