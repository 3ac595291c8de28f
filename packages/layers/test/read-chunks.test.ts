/** Tests of reading files and pipes in chunks. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { readChunks } from '../src/read-chunks.ts';

const MIB = 1 << 20;

function opened(t: TestContext, content: Buffer): number {
  const directory = mkdtempSync(join(tmpdir(), 'berth-chunks-'));
  writeFileSync(join(directory, 'file'), content);
  const fd = openSync(join(directory, 'file'), 'r');
  t.after(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  return fd;
}

async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  return Buffer.concat(copies);
}

const numbered = Buffer.alloc(MIB, Uint8Array.from({ length: 251 }, (_, index) => index));

test('a file is read from where its descriptor stands, to its end', async (t) => {
  const fd = opened(t, numbered);
  readSync(fd, Buffer.alloc(100));
  assert.deepEqual(await collected(readChunks(fd)), numbered.subarray(100));
});

test('a part of a file is read without moving its descriptor', async (t) => {
  const fd = opened(t, numbered);
  const part = { offset: 1000, sizeBytes: MIB / 2 };
  assert.deepEqual(await collected(readChunks(fd, part)), numbered.subarray(1000, 1000 + MIB / 2));
  assert.deepEqual(await collected(readChunks(fd, { offset: 5, sizeBytes: 0 })), Buffer.alloc(0));
  assert.deepEqual(await collected(readChunks(fd)), numbered);
});

test('a part ends early where the file does', async (t) => {
  const fd = opened(t, numbered);
  const part = { offset: MIB - 10, sizeBytes: MIB };
  assert.deepEqual(await collected(readChunks(fd, part)), numbered.subarray(MIB - 10));
});

test("a descriptor that can't be read is an error", async () => {
  await assert.rejects(collected(readChunks(9999)), { code: 'EBADF' });
});
