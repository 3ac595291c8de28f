/** Standard output of a worker, written in large pieces. */
import { readSync, writeSync } from 'node:fs';
import { paddingOf } from './tar-encoder.ts';

const BUFFER_BYTES = 1 << 19;
const ZERO_BYTES = 1 << 16;

/** Standard output, in large pieces. */
export class OutputBuffer {
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #length = 0;

  /** Appends the bytes. */
  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const copied = bytes.copy(this.#buffer, this.#length, at);
      at += copied;
      this.#length += copied;
      if (this.#length === this.#buffer.length) this.flush();
    }
  }

  /** Copies so many bytes of the file (zeros if it became shorter), and the padding. */
  copy(fd: number, sizeBytes: number): void {
    let left = sizeBytes;
    while (left > 0) {
      const room = Math.min(left, this.#buffer.length - this.#length);
      const count = readSync(fd, this.#buffer, this.#length, room, null);
      if (count === 0) break;
      left -= count;
      this.#length += count;
      if (this.#length === this.#buffer.length) this.flush();
    }
    for (; left > 0; left -= Math.min(left, ZERO_BYTES)) {
      this.write(Buffer.alloc(Math.min(left, ZERO_BYTES)));
    }
    this.write(Buffer.alloc(paddingOf(sizeBytes)));
  }

  /** All is written. */
  flush(): void {
    for (let at = 0; at < this.#length; ) {
      at += writeSync(1, this.#buffer, at, this.#length - at);
    }
    this.#length = 0;
  }
}
