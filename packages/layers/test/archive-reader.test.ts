/** Tests of reading archives without unpacking them, packed or not. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { IntegrityError } from '@berth/errors';
import { decompress, readArchive } from '../src/index.ts';
import { chunksOf } from './scratch-layer.ts';
import { archive } from '@berth/testing';

const ARCHIVE = archive(
  { name: 'manifest.json', body: '[]' }, { name: 'blobs', flag: '5' },
  { name: 'blobs/large', body: 'x'.repeat(5000) }, { name: 'latest', flag: '2', linkName: 'blobs' },
  { name: '../up', body: 'named as it is' });

/** `printf '%.0sberth ' $(seq 20) | zstd`. */
const ZSTD = Buffer.from(
  'KLUv/QRYbQAAMGJlcnRoIAEAL2kpAixpVk4=', 'base64');

async function readAll(bytes: Buffer, chunkBytes = 700): Promise<[string, string, number][]> {
  const found: [string, string, number][] = [];
  for await (const { header, body } of readArchive(chunksOf(bytes, chunkBytes))) {
    let length = 0;
    for await (const chunk of body) length += chunk.length;
    assert.equal(length, header.sizeBytes);
    found.push([header.name, header.type, length]);
  }
  return found;
}

test('entries come in order with their bodies, packed or plain', async () => {
  const expected = [
    ['manifest.json', 'file', 2], ['blobs', 'directory', 0], ['blobs/large', 'file', 5000],
    ['latest', 'symlink', 0], ['../up', 'file', 14],
  ];
  assert.deepEqual(await readAll(ARCHIVE), expected);
  assert.deepEqual(await readAll(gzipSync(ARCHIVE)), expected);
  assert.deepEqual(await readAll(ARCHIVE, 1), expected);
});

test('a body that is not read, or not to its end, is skipped', async () => {
  const names: string[] = [];
  for await (const { header, body } of readArchive(chunksOf(ARCHIVE, 300))) {
    names.push(header.name);
    if (header.name === 'blobs/large') for await (const _ of body) break;
  }
  assert.equal(names.length, 5);
});

test('leaving early ends the source', async () => {
  let ended = false;
  async function* source(): AsyncGenerator<Buffer> {
    try {
      yield* chunksOf(ARCHIVE, 512);
    } finally {
      ended = true;
    }
  }
  for await (const _ of readArchive(source())) break;
  assert(ended);
});

test('a cut archive is refused once its entries are read', async () => {
  await assert.rejects(readAll(ARCHIVE.subarray(0, 3000)), IntegrityError);
});

async function plain(bytes: Buffer, chunkBytes: number): Promise<string> {
  const { bytes: output } = await decompress(chunksOf(bytes, chunkBytes));
  const chunks: Buffer[] = [];
  for await (const chunk of output) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('zstd is read in chunks of any size, several frames and skippable ones too', async () => {
  const skippable = Buffer.from('502a4d1803000000616263', 'hex');
  for (const chunkBytes of [1, 5, 1000]) {
    assert.equal(await plain(ZSTD, chunkBytes), 'berth '.repeat(20));
    assert.equal(
      await plain(Buffer.concat([ZSTD, skippable, ZSTD]), chunkBytes), 'berth '.repeat(40));
  }
});

test('zstd that is cut, broken or asks for gigabytes is refused', async () => {
  const cut = ZSTD.subarray(0, ZSTD.length - 6);
  const broken = Buffer.concat([ZSTD.subarray(0, 7), Buffer.alloc(20, 0xff)]);
  const window = Buffer.from('28b52ffd00f8010000', 'hex');
  for (const bytes of [cut, broken, window]) {
    await assert.rejects(plain(bytes, 1000), { code: 'BAD_COMPRESSION' });
  }
});

test('several gzip members are one stream', async () => {
  assert.equal(await plain(Buffer.concat([gzipSync('one '), gzipSync('two')]), 7), 'one two');
});

test('a source that fails gives its own error', async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield gzipSync('x'.repeat(1000)).subarray(0, 15);
    throw new RangeError('line lost');
  }
  const { bytes } = await decompress(failing());
  await assert.rejects(async () => {
    for await (const _ of bytes);
  }, RangeError);
});
