/**
 * Each operation on a store, stopped at each of its state-changing calls: by kill -9 in the
 * middle of the call, and by a disk that is full from there on. Afterwards the store has the
 * state before or the state after, and a collection leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Store } from '../src/index.ts';
import { CrashBench } from './crash/crash-bench.ts';
import { OPERATIONS } from './crash/operations.ts';
import type { Operation } from './crash/operations.ts';
import { entries } from './scratch-store.ts';

const bench = new CrashBench();
after(() => bench.close());

/** The states that are allowed, and the number of calls to stop at. */
async function measure(name: string, operation: Operation): Promise<[Set<string>, number]> {
  await bench.prepare(operation);
  const whole = bench.run(name, {});
  assert.equal(whole.status, 0, whole.output);
  const states = new Set([operation.look(bench.prepared()), operation.look(whole.store)]);
  assert.ok(whole.calls !== undefined && whole.calls > 0);
  return [states, whole.calls];
}

/** A collection leaves the same state and nothing else. */
async function requireClean(
  store: Store,
  operation: Operation,
  states: Set<string>,
): Promise<void> {
  const { layout } = store;
  rmSync(layout.lock, { recursive: true, force: true });
  const before = operation.look(store);
  assert.ok(states.has(before), `a third state: ${before}`);
  const report = await store.collect({ keepPartialMs: 0 });
  assert.deepEqual(report.left, []);
  assert.ok(states.has(operation.look(store)) || isOnlyUnreferenced(store), 'state after collect');
  for (const path of [layout.staging, layout.trash, layout.partialBlobs]) {
    assert.deepEqual(entries(path), [], path);
  }
  const names = [...entries(layout.containerNames)];
  assert.equal(names.length, store.containers.ids().length, names.join());
  assert.equal(entries(layout.imageNames).length, store.images.names().size);
  assert.equal(entries(join(layout.data, 'lock')).length, 0);
}

/** Blobs and layers that no image names are what collection is for. */
function isOnlyUnreferenced(store: Store): boolean {
  return store.images.ids().length === 0;
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
  test(`kill -9 at any point of "${name}" leaves the old or the new state`, async () => {
    const [states, calls] = await measure(name, operation);
    for (let at = 1; at <= calls; at += 1) {
      const child = bench.run(name, { KILL_AT: String(at) });
      assert.equal(child.signal, 'SIGKILL', `call ${at}: ${child.output}`);
      await requireClean(child.store, operation, states);
    }
  });

  test(`a disk that fills up at any point of "${name}" is named, and nothing is lost`, async () => {
    const [states, calls] = await measure(name, operation);
    for (let at = 1; at <= calls; at += 1) {
      const child = bench.run(name, { FULL_AT: String(at) });
      if (operation.isFreeing === true || child.status === 0) {
        assert.equal(child.status, 0, `call ${at}: ${child.output}`);
      } else {
        assert.equal(child.status, 3, `call ${at}: ${child.output}`);
        assert.match(child.output, /"kind":"SystemError","code":"DISK_FULL".*"hint":"berth/);
      }
      await requireClean(child.store, operation, states);
    }
  });
}
