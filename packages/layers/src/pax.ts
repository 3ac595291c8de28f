/**
 * PAX extended headers: `LENGTH KEY=VALUE\n` records. Our own reader because values are bytes
 * (extended attributes) and keys may repeat (sparse maps), both of which the tar package loses.
 */
import type { Timespec } from '@berth/host';
import type { EntryAttribute } from './tar-entry.ts';
import { badArchive } from './limits.ts';

/** Records in their order, as byte strings. An empty value cancels a global record. */
export type PaxRecords = readonly (readonly [key: string, value: string])[];

const SCHILY_PREFIX = 'SCHILY.xattr.';
const LIBARCHIVE_PREFIX = 'LIBARCHIVE.xattr.';
const NANOSECOND_DIGITS = 9;

/** The records of one header's body. Throws an IntegrityError for anything malformed. */
export function parsePax(body: Buffer): PaxRecords {
  const records: [string, string][] = [];
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    const length = /^[1-9]\d{0,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = body.indexOf(0x3d, space);
    const isWhole = length > 0 && end <= body.length && body[end - 1] === 0x0a;
    if (!isWhole || equals < 0 || equals >= end) {
      throw badArchive('read archive: bad extended header');
    }
    const key = body.toString('latin1', space + 1, equals);
    records.push([key, body.toString('latin1', equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** A decimal integer of a record. Throws an IntegrityError for anything else. */
export function paxInteger(key: string, value: string): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(number)) {
    throw badArchive(`read archive: extended header "${key}": bad number "${value.slice(0, 40)}"`);
  }
  return number;
}

/** A time of a record, exact to the nanosecond: `-1.5` is second -2 and 500,000,000 ns. */
export function paxTime(key: string, value: string): Timespec {
  const match = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(value);
  if (match === null) {
    throw badArchive(`read archive: extended header "${key}": bad time "${value.slice(0, 40)}"`);
  }
  const [, sign, whole, fraction = ''] = match;
  const digits = fraction.slice(0, NANOSECOND_DIGITS).padEnd(NANOSECOND_DIGITS, '0');
  const nanoseconds = Number(digits);
  if (sign !== '-') return { seconds: Number(whole), nanoseconds };
  if (nanoseconds === 0) return { seconds: 0 - Number(whole), nanoseconds: 0 };
  return { seconds: -Number(whole) - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** The extended attributes in records: SCHILY's (raw values) win over libarchive's (base64). */
export function paxAttributes(records: PaxRecords): EntryAttribute[] {
  const attributes = new Map<string, EntryAttribute>();
  for (const [key, value] of records) {
    if (key.startsWith(LIBARCHIVE_PREFIX)) {
      const name = decodePercent(key.slice(LIBARCHIVE_PREFIX.length));
      if (!attributes.has(name)) {
        attributes.set(name, { name, value: Buffer.from(value, 'base64') });
      }
    } else if (key.startsWith(SCHILY_PREFIX)) {
      const name = key.slice(SCHILY_PREFIX.length);
      attributes.set(name, { name, value: Buffer.from(value, 'latin1') });
    }
  }
  return [...attributes.values()];
}

function decodePercent(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)));
}
