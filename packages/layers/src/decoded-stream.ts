/** Sends a packed stream through one of zlib's decoders, which work on a thread of their own. */
import type { Transform } from 'node:stream';

/**
 * What `decoder` makes of `source`. It asks for the next chunk only when the decoder is done with
 * the last one, so `source` may use one buffer for all. Throws what either of them reports; both
 * are closed afterwards.
 */
export async function* decodedStream(
  source: AsyncIterable<Uint8Array>,
  decoder: Transform,
): AsyncGenerator<Buffer> {
  const fed = feed(source, decoder);
  // The failure is thrown by the loop below; here it would be unhandled.
  fed.catch(() => undefined);
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
    await fed;
  } finally {
    decoder.destroy();
  }
}

async function feed(source: AsyncIterable<Uint8Array>, decoder: Transform): Promise<void> {
  try {
    for await (const chunk of source) await write(decoder, chunk);
    decoder.end();
  } catch (error) {
    decoder.destroy(error as Error);
    throw error;
  }
}

/** Resolves when the decoder has used all of `chunk`. */
function write(decoder: Transform, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    decoder.write(chunk, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}
