/** The store lock: exclusive as a rule, and nothing is lost when two hold it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../src/index.ts';
import { addLayer, entries, hex, image, scratchStore } from './scratch-store.ts';

test('the lock is released after success and failure, and nests', async (context) => {
  const { lock, layout } = scratchStore(context);
  const result = await lock.hold(() => lock.hold(() => entries(layout.data).includes('lock')));
  assert.equal(result, true);
  await assert.rejects(lock.hold(() => Promise.reject(new Error('inside'))), /inside/);
  assert.equal(entries(layout.data).includes('lock'), false);
});

test('two stores of one directory take turns', async (context) => {
  const store = scratchStore(context);
  const other = openStore({ data: store.layout.data, run: store.layout.run });
  const order: string[] = [];
  await Promise.all([store, other].map(({ lock }, index) => lock.hold(async () => {
    order.push(`in ${index}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push(`out ${index}`);
  })));
  assert.equal(order[0]?.slice(-1), order[1]?.slice(-1), order.join(', '));
});

test('the lock of a killed process is taken over', async (context) => {
  const { lock, layout } = scratchStore(context);
  mkdirSync(layout.lock, { recursive: true });
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(layout.lock, longAgo, longAgo);
  assert.equal(await lock.hold(() => 'held'), 'held');
});

test('commits and collections lose nothing when all hold the lock at once', async (context) => {
  const acquireLock = (): Promise<() => Promise<void>> => Promise.resolve(() => Promise.resolve());
  const first = scratchStore(context, { acquireLock });
  const directories = { data: first.layout.data, run: first.layout.run };
  const pull = async (text: string): Promise<void> => {
    const store = openStore(directories, { acquireLock });
    const session = store.openSession();
    for (const name of ['shared base', `own of ${text}`]) {
      await new Promise((resolve) => setImmediate(resolve));
      session.pinLayer(`sha256:${hex(name)}`);
      if (!store.layers.has(`sha256:${hex(name)}`)) addLayer(store, name);
    }
    const layers = ['shared base', `own of ${text}`].map((name) => `sha256:${hex(name)}`);
    await store.images.commit(image(text, layers, [`localhost/${text}:latest`, 'localhost/any:1']));
    session.close();
  };
  const sweep = async (): Promise<void> => {
    const store = openStore(directories, { acquireLock });
    for (let i = 0; i < 5; i += 1) await store.collect();
  };
  const texts = Array.from({ length: 8 }, (_, index) => `image${index}`);
  await Promise.all([...texts.map(pull), sweep(), sweep(), sweep()]);
  assert.equal(first.images.list().length, texts.length);
  for (const text of texts) {
    assert.equal(first.images.lookUp(`localhost/${text}:latest`), hex(text));
    assert.equal(first.images.config(hex(text)).toString(), text);
    for (const { diffId } of first.images.record(hex(text))?.layers ?? []) {
      assert.equal(first.layers.record(diffId).diffId, diffId);
    }
  }
  assert.notEqual(first.images.lookUp('localhost/any:1'), undefined);
});

test('processes that all hold the lock lose no image, no layer and no name', async (context) => {
  const store = scratchStore(context);
  const roles = ['pull', 'pull', 'run', 'run', 'collect', 'collect'];
  const results = await Promise.all(roles.map(async (role, index) => {
    const script = join(import.meta.dirname, 'crash', 'contender.ts');
    const { data, run } = store.layout;
    const child = spawn(process.execPath, [
      '--import', 'tsx', script, role, data, run, String(index),
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const [status] = await once(child, 'close') as [number];
    return status === 0 ? '' : errors;
  }));
  assert.deepEqual(results.filter((errors) => errors !== ''), []);
  await store.collect();
  assert.deepEqual([store.images.ids(), store.layers.list(), store.containers.ids()], [[], [], []]);
  assert.deepEqual(entries(store.layout.containerNames), []);
  assert.deepEqual(entries(store.layout.staging), []);
});
