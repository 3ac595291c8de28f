/** The standard input of a worker: lines, and between them bytes of a known number. */

/**
 * Reads ahead by no more than a chunk. A part that it gives is valid until the next is asked for,
 * as the stream's chunks are.
 */
export class WorkerInput {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The next line without its end, or undefined when there is none. */
  async line(): Promise<string | undefined> {
    const parts: Uint8Array[] = [];
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) {
      const end = part.indexOf(0x0a);
      parts.push(Buffer.from(end < 0 ? part : part.subarray(0, end)));
      if (end < 0) continue;
      this.#rest = part.subarray(end + 1);
      return Buffer.concat(parts).toString('utf8');
    }
    return undefined;
  }

  /** The next `count` bytes; all that remain when undefined. Ends early when the input does. */
  async *bytes(count = Infinity): AsyncGenerator<Uint8Array> {
    let left = count;
    while (left > 0) {
      const part = await this.#next();
      if (part === undefined) return;
      const taken = part.subarray(0, Math.min(left, part.length));
      this.#rest = part.subarray(taken.length);
      left -= taken.length;
      if (taken.length > 0) yield taken;
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#rest.length > 0) {
      const rest = this.#rest;
      this.#rest = new Uint8Array();
      return rest;
    }
    const { done, value } = await this.#chunks.next();
    return done === true ? undefined : value;
  }
}
