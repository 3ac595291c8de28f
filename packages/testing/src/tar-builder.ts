/** Makes tar archives byte by byte, including archives that no tar program would write. */

/** One entry; everything but the name has a default. */
export interface EntrySpec {
  readonly name: string;
  /** The flag's character. */
  readonly flag?: string;
  readonly body?: string | Buffer;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  /** Replaces the twelve bytes of the size field. */
  readonly sizeField?: Buffer;
  readonly pax?: readonly (readonly [string, string | Buffer])[];
  readonly globalPax?: readonly (readonly [string, string])[];
  /** Ends of GNU long names. */
  readonly longName?: string;
  readonly longLink?: string;
  readonly magic?: Buffer;
  readonly prefix?: string;
  /** Changes the finished header block; the checksum is made after it. */
  readonly edit?: (block: Buffer) => void;
  /** Blocks between header and body. */
  readonly extension?: Buffer;
  readonly badChecksum?: boolean;
}

const BLOCK = 512;

/** Entries and the two blocks that end an archive. */
export function archive(...entries: readonly EntrySpec[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), Buffer.alloc(2 * BLOCK)]);
}

/** One entry with what has to stand before it. */
export function entryBytes(spec: EntrySpec): Buffer {
  const body = Buffer.from(spec.body ?? '');
  const parts: Buffer[] = [];
  if (spec.globalPax !== undefined) parts.push(extension('g', paxBody(spec.globalPax)));
  if (spec.pax !== undefined) parts.push(extension('x', paxBody(spec.pax)));
  if (spec.longName !== undefined) parts.push(extension('L', Buffer.from(`${spec.longName}\0`)));
  if (spec.longLink !== undefined) parts.push(extension('K', Buffer.from(`${spec.longLink}\0`)));
  parts.push(header(spec, body.length), spec.extension ?? Buffer.alloc(0), padded(body));
  return Buffer.concat(parts);
}

/** The body of a PAX header. */
export function paxBody(records: readonly (readonly [string, string | Buffer])[]): Buffer {
  return Buffer.concat(records.map(([key, value]) => {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) {
      length = String(length).length + rest.length;
    }
    return Buffer.concat([Buffer.from(String(length)), rest]);
  }));
}

/** Fills up to whole blocks. */
export function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

function extension(flag: string, body: Buffer): Buffer {
  return Buffer.concat([header({ name: 'extension', flag }, body.length), padded(body)]);
}

function header(spec: EntrySpec, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(spec.name, 0, 100, 'utf8');
  writeOctal(block, spec.mode ?? (spec.flag === '5' ? 0o755 : 0o644), [100, 8]);
  writeOctal(block, spec.uid ?? 0, [108, 8]);
  writeOctal(block, spec.gid ?? 0, [116, 8]);
  if (spec.sizeField === undefined) writeOctal(block, size, [124, 12]);
  else spec.sizeField.copy(block, 124);
  writeOctal(block, spec.mtime ?? 1_600_000_000, [136, 12]);
  block.write(spec.flag ?? '0', 156, 1, 'latin1');
  block.write(spec.linkName ?? '', 157, 100, 'utf8');
  (spec.magic ?? Buffer.from('ustar\x0000')).copy(block, 257);
  block.write(spec.prefix ?? '', 345, 155, 'utf8');
  spec.edit?.(block);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (spec.badChecksum === true ? 1 : 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}

function writeOctal(block: Buffer, value: number, [at, bytes]: readonly [number, number]): void {
  block.write(value.toString(8).padStart(bytes - 1, '0'), at, bytes - 1, 'latin1');
}
