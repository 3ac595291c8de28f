/**
 * Writes the tars in which images are exchanged: plain files with short names, in the ustar format
 * of POSIX.1-1988; lengths of 8 GiB and more as GNU tar writes them.
 */
import { writeSync } from 'node:fs';
import { IntegrityError, SystemError } from '@berth/errors';
import type { BlobContent } from '@berth/oci';

const BLOCK_BYTES = 512;
const OCTAL_LIMIT = 8 ** 11;
const FIELD = { mode: 100, uid: 108, gid: 116, size: 124, time: 136, sum: 148, type: 156 };
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** Appends entries to an open file, which it does not close; it need not be seekable. */
export class TarOutput {
  readonly #fd: number;
  readonly #name: string;
  readonly #directories = new Set<string>();

  /** `name` is for messages. */
  constructor(fd: number, name: string) {
    this.#fd = fd;
    this.#name = name;
  }

  /** The directory and those above it are entries of the archive. */
  directory(path: string): void {
    const parts = path.split('/');
    for (let count = 1; count <= parts.length; count += 1) {
      const name = `${parts.slice(0, count).join('/')}/`;
      if (this.#directories.has(name)) continue;
      this.#directories.add(name);
      this.#write(header({ name, sizeBytes: 0, type: '5', mode: DIRECTORY_MODE }));
    }
  }

  file(name: string, bytes: Uint8Array): void {
    this.#write(header({ name, sizeBytes: bytes.length, type: '0', mode: FILE_MODE }));
    this.#write(bytes);
    this.#pad(bytes.length);
  }

  /** As `file`; throws an IntegrityError when the content is not `sizeBytes` long. */
  async content(name: string, sizeBytes: number, content: BlobContent): Promise<void> {
    this.#write(header({ name, sizeBytes, type: '0', mode: FILE_MODE }));
    if (content.writeTo !== undefined) {
      await content.writeTo(this.#fd);
    } else {
      let written = 0;
      for await (const chunk of content.stream()) {
        this.#write(chunk);
        written += chunk.length;
      }
      if (written !== sizeBytes) {
        throw new IntegrityError('BLOB_LENGTH',
          `write "${this.#name}": "${name}" has ${written} bytes, not ${sizeBytes}`);
      }
    }
    this.#pad(sizeBytes);
  }

  /** The archive is complete. */
  finish(): void {
    this.#write(Buffer.alloc(2 * BLOCK_BYTES));
  }

  #pad(sizeBytes: number): void {
    this.#write(Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES));
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += this.#writeSome(bytes.subarray(at));
    } catch (cause) {
      throw new SystemError('WRITE_ARCHIVE', `write "${this.#name}"`, { cause });
    }
  }

  /** If a pipe is full, waits until it has room. */
  #writeSome(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      return 0;
    }
  }
}

interface Entry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly type: '0' | '5';
  readonly mode: number;
}

function header({ name, sizeBytes, type, mode }: Entry): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, width: number): void => {
    block.write(value.toString(8).padStart(width - 1, '0'), at, 'ascii');
  };
  block.write(name, 0, 'utf8');
  octal(mode, FIELD.mode, 8);
  octal(0, FIELD.uid, 8);
  octal(0, FIELD.gid, 8);
  if (sizeBytes < OCTAL_LIMIT) {
    octal(sizeBytes, FIELD.size, 12);
  } else {
    block[FIELD.size] = 0x80;
    block.writeBigUInt64BE(BigInt(sizeBytes), FIELD.size + 4);
  }
  octal(0, FIELD.time, 12);
  block.write(type, FIELD.type, 'ascii');
  block.write('ustar\u000000', 257, 'ascii');
  block.fill(' ', FIELD.sum, FIELD.sum + 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, FIELD.sum, 'ascii');
  return block;
}
