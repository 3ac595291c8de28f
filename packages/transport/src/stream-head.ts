/** Reads the beginning of a stream and leaves it in the stream. */
import type { Readable } from 'node:stream';
import { MAGIC_BYTES } from './compression.ts';

/** The first bytes of a stream (fewer when it is shorter), and all of it, these included. */
export async function peek(
  source: Readable,
): Promise<{ head: Buffer; whole: AsyncGenerator<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first: Buffer[] = [];
  let sizeBytes = 0;
  while (sizeBytes < MAGIC_BYTES) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first.push(value);
    sizeBytes += value.length;
  }
  async function* rejoin(): AsyncGenerator<Buffer> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head: Buffer.concat(first), whole: rejoin() };
}
