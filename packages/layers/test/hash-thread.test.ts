/** Tests of hashing beside unpacking: few bytes are hashed here, many on a thread. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { HashThread } from '../src/hash-thread.ts';

const MIB = 1 << 20;

/** Pieces of many lengths, none like the one before. */
function* pieces(sizeBytes: number): Generator<Buffer> {
  for (let at = 0, index = 0; at < sizeBytes; index += 1) {
    const length = Math.min(sizeBytes - at, 1 + (index * 7919) % (MIB / 2));
    yield Buffer.alloc(length, index);
    at += length;
  }
}

for (const [title, sizeBytes] of [['nothing', 0], ['few', 100_000], ['many', 40 * MIB]] as const) {
  test(`the digests of both lanes are right: ${title} bytes`, async () => {
    const hashes = new HashThread();
    const expected = { blob: createHash('sha256'), archive: createHash('sha256') };
    const fill = async (lane: 'blob' | 'archive', bytes: number): Promise<void> => {
      for (const piece of pieces(bytes)) {
        expected[lane].update(piece);
        await hashes.update(lane, piece);
        piece.fill(0xff);
      }
    };
    await Promise.all([fill('blob', Math.floor(sizeBytes / 3)), fill('archive', sizeBytes)]);
    assert.deepEqual(await hashes.digests(), {
      blob: expected.blob.digest(), archive: expected.archive.digest(),
    });
    await hashes.close();
  });
}

// A thread that goes on would keep this file's process.
test('a thread ends when nobody asks for the digests', async () => {
  const hashes = new HashThread();
  for (const piece of pieces(8 * MIB)) await hashes.update('archive', piece);
  await hashes.close();
});
