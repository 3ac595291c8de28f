/** Volumes: creation, lookup, removal with the in-use check. */
import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConflictError, NotFoundError, UsageError } from '@berth/errors';
import { container, entries, scratchStore } from './scratch-store.ts';

test('a created volume is there with record and data directory', (context) => {
  const { volumes, layout } = scratchStore(context);
  const record = volumes.create({ name: 'data', labels: { a: 'b' }, options: { o: 'x' } });
  assert.equal(record.anonymous, false);
  assert.deepEqual(volumes.find('data'), record);
  assert.equal(statSync(volumes.dataPath('data')).mode & 0o777, 0o755);
  assert.equal(statSync(join(volumes.dataPath('data'), '..')).mode & 0o777, 0o700);
  assert.deepEqual(entries(layout.staging), []);
});

test('a volume without a name is anonymous and has an id', (context) => {
  const { volumes } = scratchStore(context);
  const record = volumes.create({});
  assert.match(record.name, /^[0-9a-f]{64}$/);
  assert.equal(record.anonymous, true);
});

test('a taken name is refused, or answered when that is asked for', (context) => {
  const { volumes, layout } = scratchStore(context);
  const first = volumes.create({ name: 'data' });
  assert.throws(() => volumes.create({ name: 'data' }), ConflictError);
  const again = volumes.create({ name: 'data', labels: { x: 'y' }, ignoreExisting: true });
  assert.deepEqual(again, first);
  assert.deepEqual(entries(layout.staging), []);
});

test('resolve() takes names and their unique beginnings', (context) => {
  const { volumes } = scratchStore(context);
  volumes.create({ name: 'data' });
  volumes.create({ name: 'data2' });
  volumes.create({ name: 'other' });
  assert.equal(volumes.resolve('data').name, 'data');
  assert.equal(volumes.resolve('o').name, 'other');
  assert.throws(() => volumes.resolve('dat'), ConflictError);
  assert.throws(() => volumes.resolve('x'), NotFoundError);
  for (const bad of ['../containers', '.', '', 'a/b']) {
    assert.throws(() => volumes.find(bad), UsageError, bad);
  }
  assert.deepEqual(volumes.list().map(({ name }) => name), ['data', 'data2', 'other']);
});

test('a damaged record hides only its volume', (context) => {
  const { volumes, layout } = scratchStore(context);
  volumes.create({ name: 'a' });
  volumes.create({ name: 'b' });
  writeFileSync(join(layout.volumes, 'a', 'record.json'), 'x');
  assert.deepEqual(volumes.list().map(({ name }) => name), ['b']);
});

test('a volume in use is not removed, nor one that comes into use', (context) => {
  const { volumes } = scratchStore(context);
  volumes.create({ name: 'data' });
  assert.throws(() => volumes.remove('data', () => ['c'.repeat(64)]), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.exitStatus, 2);
    return true;
  });
  let asked = 0;
  const meanwhile = (): string[] => {
    asked += 1;
    assert.ok(volumes.exists('data'), 'it stays until it is decided');
    return asked === 1 ? [] : ['c'.repeat(64)];
  };
  assert.throws(() => volumes.remove('data', meanwhile), ConflictError);
  assert.equal(volumes.exists('data'), true);
  const trashed = volumes.remove('data', () => []);
  assert.equal(existsSync(trashed), true);
  assert.throws(() => volumes.remove('data', () => []), NotFoundError);
});

test('while a removal is being decided nobody starts to use the volume', (context) => {
  const { volumes, containers } = scratchStore(context);
  volumes.create({ name: 'data' });
  let asked = 0;
  volumes.remove('data', () => {
    asked += 1;
    const uses = { volumes: ['data'] };
    if (asked === 2) {
      assert.throws(() => containers.create(container('a'.repeat(64), uses)),
        { code: 'VOLUME_BUSY' });
    }
    return [];
  });
  assert.equal(volumes.exists('data'), false);
});
