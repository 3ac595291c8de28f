/** Collects lines for one descriptor and writes them in large pieces. */
import { writeAll } from './streams.ts';

const ROOM_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** Writes lines as bytes, since the output of containers need not be text. */
export class LineWriter {
  private readonly descriptor: 1 | 2;
  private readonly room = Buffer.allocUnsafe(ROOM_BYTES);
  private used = 0;
  private startsLine = true;

  constructor(descriptor: 1 | 2) {
    this.descriptor = descriptor;
  }

  /** Whether the next byte begins a line. */
  get isAtLineStart(): boolean {
    return this.startsLine;
  }

  /** Appends bytes, and a newline when they end a line. */
  write(bytes: Uint8Array, { endsLine }: { endsLine: boolean }): void {
    if (this.used + bytes.length + 1 > ROOM_BYTES) {
      this.flush();
    }
    if (bytes.length + 1 > ROOM_BYTES) {
      writeAll(this.descriptor, bytes);
    } else {
      this.room.set(bytes, this.used);
      this.used += bytes.length;
    }
    if (endsLine) {
      this.room[this.used++] = NEWLINE;
    }
    this.startsLine = endsLine;
  }

  /** Appends text inside a line. */
  writeText(text: string): void {
    this.write(Buffer.from(text), { endsLine: false });
  }

  /** Writes everything that was appended. */
  flush(): void {
    if (this.used > 0) {
      writeAll(this.descriptor, this.room.subarray(0, this.used));
      this.used = 0;
    }
  }
}
