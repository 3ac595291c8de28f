/** Blobs: verified, resumable, shared. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { IntegrityError, NotFoundError } from '@berth/errors';
import { digest, entries, hex, scratchStore } from './scratch-store.ts';

const CONTENT = 'some content of a blob';

test('openStore() makes nothing on the disk', (context) => {
  const store = scratchStore(context);
  assert.equal(store.blobs.has(digest('x')), false);
  assert.deepEqual(entries(join(store.layout.data, '..')), []);
});

test('a blob that was written is there, private, and read back verified', (context) => {
  const { blobs } = scratchStore(context);
  assert.equal(blobs.write(Buffer.from(CONTENT)), digest(CONTENT));
  assert.equal(blobs.write(Buffer.from(CONTENT)), digest(CONTENT));
  assert.equal(blobs.read(digest(CONTENT)).toString(), CONTENT);
  assert.equal(statSync(blobs.path(digest(CONTENT))).mode & 0o777, 0o600);
  assert.equal(statSync(join(blobs.path(digest(CONTENT)), '..')).mode & 0o777, 0o700);
  assert.deepEqual(blobs.list(), [digest(CONTENT)]);
});

test('a damaged blob is named, and an absent one too', (context) => {
  const { blobs } = scratchStore(context);
  blobs.write(Buffer.from(CONTENT));
  writeFileSync(blobs.path(digest(CONTENT)), 'something else entirely');
  assert.throws(() => blobs.read(digest(CONTENT)), IntegrityError);
  assert.throws(() => blobs.read(digest(CONTENT), 5), /at most 5/);
  assert.throws(() => blobs.read(digest('absent')), NotFoundError);
});

for (const bad of [
  'sha256:../../x', 'sha512:00', `sha256:${'A'.repeat(64)}`, `sha256:${hex('x')}/..`, hex('x'), '',
]) {
  test(`a digest like "${bad.slice(0, 24)}" never becomes a path`, (context) => {
    const { blobs, layers } = scratchStore(context);
    assert.throws(() => blobs.path(bad), IntegrityError);
    assert.throws(() => layers.path(bad), IntegrityError);
  });
}

test('a blob is visible only once it is whole and verified', async (context) => {
  const { blobs, layout } = scratchStore(context);
  const writer = await blobs.open(digest(CONTENT));
  writer.write(Buffer.from(CONTENT.slice(0, 5)));
  assert.equal(blobs.has(digest(CONTENT)), false);
  writer.write(Buffer.from(CONTENT.slice(5)));
  await writer.finish();
  assert.equal(blobs.read(digest(CONTENT)).toString(), CONTENT);
  assert.deepEqual(entries(layout.partialBlobs), []);
});

test('wrong content is refused and nothing of it is left', async (context) => {
  const { blobs, layout } = scratchStore(context);
  const writer = await blobs.open(digest(CONTENT));
  writer.write(Buffer.from('not it'));
  await assert.rejects(writer.finish(), IntegrityError);
  assert.equal(blobs.has(digest(CONTENT)), false);
  assert.deepEqual(entries(layout.partialBlobs), []);
});

test('a suspended download goes on where it stopped', async (context) => {
  const { blobs } = scratchStore(context);
  const first = await blobs.open(digest(CONTENT));
  first.write(Buffer.from(CONTENT.slice(0, 7)));
  first.suspend();
  const second = await blobs.open(digest(CONTENT));
  assert.equal(second.offsetBytes, 7);
  second.write(Buffer.from(CONTENT.slice(7)));
  await second.finish();
  assert.equal(blobs.has(digest(CONTENT)), true);
});

test('the download of a killed process is taken over', async (context) => {
  const { blobs, layout } = scratchStore(context);
  const writer = await blobs.open(digest('other'));
  const [own] = entries(layout.partialBlobs);
  const dead = (own ?? '').replace(hex('other'), hex(CONTENT))
    .replace(`,${process.pid},`, ',999999999,');
  writeFileSync(join(layout.partialBlobs, dead), CONTENT.slice(0, 9));
  const second = await blobs.open(digest(CONTENT));
  assert.equal(second.offsetBytes, 9);
  second.discard();
  writer.discard();
  assert.deepEqual(entries(layout.partialBlobs), []);
});

test('two writers of one blob do not disturb each other', async (context) => {
  const { blobs, layout } = scratchStore(context);
  const first = await blobs.open(digest(CONTENT));
  first.write(Buffer.from(CONTENT.slice(0, 3)));
  const second = await blobs.open(digest(CONTENT));
  assert.equal(second.offsetBytes, 0);
  second.write(Buffer.from(CONTENT));
  first.write(Buffer.from(CONTENT.slice(3)));
  await second.finish();
  await first.finish();
  assert.equal(blobs.read(digest(CONTENT)).toString(), CONTENT);
  assert.deepEqual(entries(layout.partialBlobs), []);
});

test('a writer that restarts begins with an empty blob', async (context) => {
  const { blobs } = scratchStore(context);
  const writer = await blobs.open(digest(CONTENT));
  writer.write(Buffer.from('rubbish'));
  writer.restart();
  assert.equal(writer.offsetBytes, 0);
  writer.write(Buffer.from(CONTENT));
  await writer.finish();
  assert.equal(blobs.read(digest(CONTENT)).toString(), CONTENT);
});
