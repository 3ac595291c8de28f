/** Layers appear whole, once, and under the ids they were made with. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConflictError, NotFoundError } from '@berth/errors';
import { addLayer, digest, entries, scratchStore } from './scratch-store.ts';

test('a committed layer is there with tree, recipe and record', (context) => {
  const { layers, ...store } = scratchStore(context);
  const diffId = addLayer({ layers, ...store }, 'one');
  assert.equal(layers.has(diffId), true);
  assert.equal(readFileSync(join(layers.treePath(diffId), 'file'), 'utf8'), 'one');
  assert.equal(readFileSync(layers.recipePath(diffId), 'utf8'), 'recipe');
  assert.equal(layers.record(diffId).sizeBytes, 3);
  assert.equal(statSync(layers.path(diffId)).mode & 0o777, 0o700);
  assert.equal(statSync(layers.treePath(diffId)).mode & 0o777, 0o755);
  assert.deepEqual(layers.list(), [diffId]);
  assert.deepEqual(entries(store.layout.staging), []);
});

test('the second of two pullers of a layer keeps the first one\'s copy', (context) => {
  const store = scratchStore(context);
  const late = store.layers.stage();
  const diffId = addLayer(store, 'one');
  writeFileSync(join(late.tree, 'file'), 'late');
  writeFileSync(late.recipe, 'recipe');
  store.layers.commit(late, { version: 1, diffId, sizeBytes: 3, fileCount: 1, idMap: 'test' });
  assert.equal(readFileSync(join(store.layers.treePath(diffId), 'file'), 'utf8'), 'one');
  assert.deepEqual(entries(store.layout.staging), []);
});

test('a layer whose record is damaged is replaced by the next commit', (context) => {
  const store = scratchStore(context);
  const diffId = addLayer(store, 'one');
  writeFileSync(join(store.layers.path(diffId), 'record.json'), '{"ver');
  addLayer(store, 'one');
  assert.equal(store.layers.record(diffId).version, 1);
});

test('a layer of another id map is refused by name', (context) => {
  const store = scratchStore(context);
  const diffId = addLayer(store, 'one');
  assert.equal(store.layers.requireMap(diffId, 'test').diffId, diffId);
  assert.throws(() => store.layers.requireMap(diffId, 'other'), ConflictError);
});

test('an absent layer is a NotFoundError, and names that are no digest no layers', (context) => {
  const store = scratchStore(context);
  assert.throws(() => store.layers.record(digest('x')), NotFoundError);
  mkdirSync(join(store.layout.layers, 'l'), { recursive: true });
  assert.deepEqual(store.layers.list(), []);
});

test('a removed layer is gone for readers, and the trash can be emptied', async (context) => {
  const store = scratchStore(context);
  const diffId = addLayer(store, 'one');
  const trashed = store.layers.remove(diffId) ?? '';
  assert.equal(store.layers.has(diffId), false);
  assert.deepEqual(store.trash.removable(), [trashed]);
  assert.equal(store.layers.remove(diffId), undefined);
  assert.deepEqual(await store.trash.empty(), []);
});
