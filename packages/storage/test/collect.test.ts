/** Collection: what nothing uses goes, what anything uses stays, what the dead left is repaired. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConflictError } from '@berth/errors';
import { openStore, readLivenessFacts } from '../src/index.ts';
import {
  addLayer, afterNamesAreRead, container, digest, entries, hex, image, scratchStore,
} from './scratch-store.ts';

const ONE = 'a'.repeat(64);

test('unused layers and blobs go, used ones stay', async (context) => {
  const store = scratchStore(context);
  const kept = addLayer(store, 'kept');
  const below = addLayer(store, 'of a container');
  const unused = addLayer(store, 'unused');
  await store.images.commit(image('one', [kept], ['localhost/one:latest']));
  store.containers.create(container(ONE, { layers: [below] }));
  store.blobs.write(Buffer.from('stray'));
  const report = await store.collect();
  assert.deepEqual(report.layers, [unused]);
  assert.deepEqual(report.blobs, [digest('stray')]);
  assert.equal(report.reclaimedBytes, 'unused'.length + 'stray'.length);
  assert.deepEqual(report.left, []);
  assert.deepEqual(store.layers.list().sort(), [kept, below].sort());
  assert.equal(store.images.config(hex('one')).toString(), 'one');
  assert.equal(store.blobs.has(digest('manifest of one')), true);
});

test('a container that is made beside a collection keeps its name', async (context) => {
  const store = scratchStore(context);
  afterNamesAreRead(context, () => store.containers.create(container(ONE, { name: 'one' })));
  await store.collect();
  assert.equal(store.containers.name(ONE), 'one');
});

test('a removed image\'s layers go, unless a container uses them', async (context) => {
  const store = scratchStore(context);
  const layers = [addLayer(store, 'lower'), addLayer(store, 'upper')];
  await store.images.commit(image('one', layers, []));
  store.containers.create(container(ONE, { layers }));
  store.images.remove(hex('one'));
  await store.collect();
  assert.equal(store.layers.list().length, 2);
  assert.deepEqual(store.blobs.list(), []);
  store.containers.remove(ONE);
  await store.collect();
  assert.deepEqual(store.layers.list(), []);
});

test('what a living session pins stays; what a closed one pinned goes', async (context) => {
  const store = scratchStore(context);
  const session = store.openSession();
  const layer = addLayer(store, 'pulled');
  session.pinLayer(layer);
  session.pinLayer(layer);
  session.pinBlob(store.blobs.write(Buffer.from('pulled')));
  await store.collect();
  assert.deepEqual([store.layers.list().length, store.blobs.list().length], [1, 1]);
  session.close();
  session.close();
  await store.collect();
  assert.deepEqual([store.layers.list().length, store.blobs.list().length], [0, 0]);
});

test('a layer that comes into use while it is collected is put back', async (context) => {
  const store = scratchStore(context);
  const layer = addLayer(store, 'base');
  const hold = store.trash.hold.bind(store.trash);
  context.mock.method(store.trash, 'hold', (path: string, kind: 'tree' | 'plain') => {
    const held = hold(path, kind);
    if (path === store.layers.path(layer)) store.openSession().pinLayer(layer);
    return held;
  });
  const report = await store.collect();
  assert.deepEqual(report.layers, []);
  assert.equal(store.layers.has(layer), true);
});

test('what a killed collection held comes back to who misses it', async (context) => {
  const store = scratchStore(context);
  const layer = addLayer(store, 'base');
  const blob = store.blobs.write(Buffer.from('blob'));
  const killed = openStore({ data: store.layout.data, run: store.layout.run }, {
    readFacts: () => ({ ...readLivenessFacts(), bootId: '00000000-of-another-boot' }),
  });
  for (const path of [store.layers.path(layer), store.blobs.path(blob)]) {
    killed.trash.hold(path, 'tree');
  }
  assert.equal(store.layers.has(layer), false);
  store.containers.create(container(ONE, { layers: [layer] }));
  assert.equal(store.layers.has(layer), true);
  assert.equal(store.blobs.readTrusted(blob).toString(), 'blob');
  killed.trash.hold(store.layers.path(layer), 'tree');
  await store.collect();
  assert.equal(store.layers.has(layer), true);
  assert.deepEqual(entries(store.layout.trash), []);
});

test('what is held is no other command\'s to remove or to put back', async (context) => {
  const store = scratchStore(context);
  const layer = addLayer(store, 'base');
  const held = store.trash.hold(store.layers.path(layer), 'tree');
  assert.deepEqual(await store.trash.empty(), []);
  assert.equal(entries(store.layout.trash).length, 1);
  held?.giveUp();
  store.trash.putBackLeft();
  assert.equal(store.layers.has(layer), false);
  await store.trash.empty();
  assert.deepEqual(entries(store.layout.trash), []);
});

test('a damaged record keeps every layer and blob that it may need', async (context) => {
  const store = scratchStore(context);
  addLayer(store, 'base');
  writeFileSync(store.containers.create(container(ONE)).config, 'x');
  await store.collect();
  assert.equal(store.layers.list().length, 1);
});

test('things of the dead go, things of the living stay', async (context) => {
  const store = scratchStore(context);
  const alive = store.staging.makeDirectory('layer');
  const dead = store.staging.makeDirectory('layer').replace(`,${process.pid},`, ',999999999,');
  mkdirSync(dead);
  mkdirSync(join(store.layout.staging, 'no owner'));
  await store.collect();
  const left = entries(store.layout.staging).map((name) => join(store.layout.staging, name));
  assert.equal(left.includes(alive), true);
  assert.equal(left.includes(dead), false);
  assert.equal(left.length, 2);
});

test('things of another machine or pid namespace stay until they are old', async (context) => {
  const store = scratchStore(context);
  const facts = store.staging.facts();
  const foreign = (changes: Partial<typeof facts>): string => {
    const other = openStore({ data: store.layout.data, run: store.layout.run }, {
      readFacts: () => ({ ...facts, ...changes }),
    });
    return other.staging.makeDirectory('layer');
  };
  const made = [{ host: 'm:other', bootId: 'y' }, { pidNamespace: '1' }, { bootId: 'x' }]
    .map(foreign);
  await store.collect();
  const names = made.map((path) => path.split('/').at(-1) ?? '');
  assert.deepEqual(names.map((name) => entries(store.layout.staging).includes(name)),
    [true, true, false]);
  const longAgo = Date.now() / 1000 - 8 * 24 * 3600;
  for (const path of made.slice(0, 2)) utimesSync(path, longAgo, longAgo);
  await store.collect();
  assert.deepEqual(entries(store.layout.staging), []);
});

test('stale names, old names and run directories of gone containers go', async (context) => {
  const store = scratchStore(context);
  const { layout } = store;
  store.containers.create(container(ONE, { name: 'now' }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  symlinkSync(ONE, join(layout.containerNames, 'later'));
  symlinkSync('b'.repeat(64), join(layout.containerNames, 'stale'));
  mkdirSync(layout.imageNames, { recursive: true });
  symlinkSync('c'.repeat(64), join(layout.imageNames, 'localhost+gone:1'));
  const [GONE, OF_ANOTHER_STORE] = ['d'.repeat(64), 'e'.repeat(64)];
  for (const [id, folder] of [
    [ONE, layout.containers], [GONE, layout.containers], [OF_ANOTHER_STORE, '/elsewhere'],
  ] as const) {
    mkdirSync(join(layout.runContainers, id), { recursive: true });
    symlinkSync(join(folder, id), join(layout.runContainers, id, 'store'));
  }
  await store.collect();
  assert.deepEqual(entries(layout.containerNames), ['later']);
  assert.deepEqual(entries(layout.imageNames), []);
  assert.deepEqual(entries(layout.runContainers), [ONE, OF_ANOTHER_STORE]);
});

test('stopped downloads stay for a day, or as long as is said', async (context) => {
  const store = scratchStore(context);
  const writer = await store.blobs.open(digest('x'));
  writer.write(Buffer.from('half'));
  writer.suspend();
  await store.collect();
  assert.equal(store.blobs.partials().length, 1);
  await store.collect({ keepPartialMs: 0 });
  assert.equal(store.blobs.partials().length, 0);
});

test('what the user may not remove is handed to removeTrees, whose failure stops nobody', async (
  context,
) => {
  const store = scratchStore(context);
  const diffId = addLayer(store, 'base');
  // Nobody, root included, can unlink what is in /proc.
  context.mock.method(store.trash, 'removable', () => ['/proc/self/comm']);
  const handed: string[] = [];
  const report = await store.collect({
    removeTrees: (paths) => {
      handed.push(...paths);
      return Promise.reject(new ConflictError('BUSY', 'still in use'));
    },
  });
  assert.deepEqual(report.layers, [diffId]);
  assert.equal(handed.length, 1);
  assert.equal(report.left.length, 1);
});

test('opening a session sweeps what killed pulls left', (context) => {
  const store = scratchStore(context);
  const dead = store.staging.makeDirectory('layer').replace(`,${process.pid},`, ',999999999,');
  mkdirSync(dead);
  store.openSession();
  assert.equal(store.trash.removable().length, 1);
});
