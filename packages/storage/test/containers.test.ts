/** Containers: creation, names, lists, removal. */
import assert from 'node:assert/strict';
import {
  mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConflictError, IntegrityError, NotFoundError, UsageError } from '@berth/errors';
import { readStartTime } from '@berth/host';
import { randomId, readLivenessFacts } from '../src/index.ts';
import { ContainerNames } from '../src/container-names.ts';
import {
  addLayer, afterNamesAreRead, container, digest, entries, hex, scratchStore,
} from './scratch-store.ts';

const ONE = `1${'a'.repeat(63)}`;
const TWO = `1b${'c'.repeat(62)}`;

test('a created container is there under its name, with its files, private', (context) => {
  const { containers, layout } = scratchStore(context);
  const paths = containers.create({
    ...container(ONE, { name: 'web' }), files: { 'spec.json': '{}', plan: Buffer.from('p\0') },
  });
  assert.deepEqual(entries(paths.directory),
    ['config.json', 'plan', 'spec.json', 'summary', 'upper', 'work']);
  assert.equal(statSync(paths.config).mode & 0o777, 0o600);
  assert.equal(statSync(paths.directory).mode & 0o777, 0o700);
  assert.equal(statSync(paths.upper).mode & 0o777, 0o755);
  assert.equal(readFileSync(paths.plan, 'latin1'), 'p\0');
  assert.equal(containers.resolve('web'), ONE);
  assert.equal(containers.record(ONE).name, 'web');
  assert.equal(containers.state(ONE).state, 'created');
  assert.deepEqual(entries(layout.staging), []);
});

test('a container without a writable layer has no upper directory', (context) => {
  const { containers } = scratchStore(context);
  const paths = containers.create({ ...container(ONE), writable: 'none' });
  assert.deepEqual(entries(paths.directory), ['config.json', 'summary']);
});

test('a list shows each container with its name, whatever is done meanwhile', (context) => {
  const { containers } = scratchStore(context);
  const names = (): string[] => containers.list().map(({ name }) => name).sort();
  containers.create(container(ONE, { name: 'one' }));
  afterNamesAreRead(context, () => containers.create(container(TWO, { name: 'two' })));
  assert.deepEqual(names(), ['one']);
  assert.deepEqual(names(), ['one', 'two']);
  // What reading the folder gives while `two` is renamed, at worst.
  context.mock.method(ContainerNames.prototype, 'links', () => new Map([['one', ONE]]),
    { times: 1 });
  assert.deepEqual(names(), ['one', 'two']);
});

test('a container that is removed while it is renamed leaves no name', (context) => {
  const { containers, layout } = scratchStore(context);
  containers.create(container(ONE, { name: 'one' }));
  const { nameLink, rename } = containers.exitRemoval(ONE, 'one');
  afterNamesAreRead(context, () => {
    mkdirSync(layout.trash, { recursive: true });
    renameSync(rename.from, rename.to);
    rmSync(nameLink.path);
  });
  assert.throws(() => containers.rename(ONE, 'two'), NotFoundError);
  assert.deepEqual(entries(layout.containerNames), []);
});

test('two renames of one container at once leave it one name', (context) => {
  const { containers } = scratchStore(context);
  containers.create(container(ONE, { name: 'one' }));
  afterNamesAreRead(context, () => containers.rename(ONE, 'one'));
  containers.rename(ONE, 'two');
  assert.equal(containers.name(ONE), 'two');
});

test('a name that is taken is refused, and nothing is left of the second', (context) => {
  const { containers, layout } = scratchStore(context);
  containers.create(container(ONE, { name: 'web' }));
  assert.throws(() => containers.create(container(TWO, { name: 'web' })), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.code, 'NAME_IN_USE');
    assert.equal(error.details['id'], ONE);
    return true;
  });
  assert.deepEqual(containers.ids(), [ONE]);
  assert.deepEqual(entries(layout.staging), []);
  assert.throws(() => containers.create(container(TWO, { name: '../x' })), UsageError);
});

test('a name whose container is gone is free', (context) => {
  const { containers, layout } = scratchStore(context);
  mkdirSync(layout.containerNames, { recursive: true });
  symlinkSync(TWO, join(layout.containerNames, 'web'));
  assert.throws(() => containers.resolve('web'), NotFoundError);
  containers.create(container(ONE, { name: 'web' }));
  assert.equal(containers.resolve('web'), ONE);
});

test('a name reserved by a living process is taken, by a dead one free', (context) => {
  const { containers, layout, staging } = scratchStore(context);
  mkdirSync(layout.containerNames, { recursive: true });
  symlinkSync(TWO, join(layout.containerNames, 'web'));
  const alive = staging.makeDirectory(`container-${TWO}`);
  assert.throws(() => containers.create(container(ONE, { name: 'web' })), ConflictError);
  staging.remove(alive);
  mkdirSync(alive.replace(`,${process.pid},`, ',999999999,'));
  containers.create(container(ONE, { name: 'web' }));
  assert.equal(containers.resolve('web'), ONE);
});

test('a container whose layer or volume was removed meanwhile is not made', (context) => {
  const store = scratchStore(context);
  const layer = addLayer(store, 'base');
  store.volumes.create({ name: 'data' });
  store.containers.create(container(ONE, { layers: [layer], volumes: ['data'] }));
  const missing = [{ layers: [digest('gone')] }, { volumes: ['gone'] }];
  for (const changes of missing) {
    assert.throws(() => store.containers.create(container(TWO, { ...changes, name: 'x' })),
      ConflictError);
  }
  assert.deepEqual(store.containers.ids(), [ONE]);
  assert.deepEqual(entries(store.layout.containerNames), [`name_${ONE.slice(0, 8)}`]);
});

test('resolve() takes names, full ids and the beginning of an id', (context) => {
  const { containers } = scratchStore(context);
  containers.create(container(ONE, { name: 'web' }));
  containers.create(container(TWO, { name: '1a' }));
  assert.equal(containers.resolve('web'), ONE);
  assert.equal(containers.resolve(ONE), ONE);
  assert.equal(containers.resolve('1aa'), ONE);
  assert.equal(containers.resolve('1b'), TWO);
  assert.equal(containers.resolve('1a'), TWO, 'a name goes before the beginning of an id');
  assert.throws(() => containers.resolve('1'), ConflictError);
  for (const typed of ['2', 'we', '', '../x', 'names', hex('x'), 'we b', 'web/']) {
    assert.throws(() => containers.resolve(typed), NotFoundError, typed);
  }
});

test('list() is newest first, with names and states, and latest() its first', (context) => {
  const { containers } = scratchStore(context);
  assert.deepEqual(containers.list(), []);
  assert.throws(() => containers.latest(), NotFoundError);
  containers.create(container(ONE, { createdAtMs: 2 }));
  containers.create(container(TWO, { createdAtMs: 1, name: 'old' }));
  assert.deepEqual(containers.list().map(({ id }) => id), [ONE, TWO]);
  assert.equal(containers.list()[1]?.name, 'old');
  assert.equal(containers.latest(), ONE);
});

test('the state follows the summary and the processes that it names', (context) => {
  const { containers } = scratchStore(context);
  const paths = containers.create(container(ONE));
  const { host, bootId, pidNamespace } = readLivenessFacts();
  const self = `${process.pid} ${readStartTime(process.pid) ?? ''}`;
  const running = (supervisor: string, init: string): string => 'created 1\nrun 1\n' +
    `state running\nhost ${host}\nboot ${bootId}\npidns ${pidNamespace}\n` +
    `supervisor ${supervisor}\ninit ${init}\nstarted 1.000000000\n`;
  writeFileSync(paths.summary, running(self, self));
  assert.equal(containers.state(ONE).state, 'running');
  writeFileSync(paths.summary, running(self, '999999999 5'));
  assert.equal(containers.state(ONE).state, 'stopping');
  writeFileSync(paths.summary, running('999999999 5', '999999999 6'));
  assert.equal(containers.state(ONE).state, 'unknown');
  mkdirSync(join(paths.runs, '1'), { recursive: true });
  writeFileSync(join(paths.runs, '1', 'exit'), 'run 1\nexit 7\n');
  assert.equal(containers.state(ONE).exitCode, 7);
  assert.equal(containers.entry(ONE).state.state, 'exited');
});

test('rename() moves the name; a taken one is refused', (context) => {
  const { containers, layout } = scratchStore(context);
  containers.create(container(ONE, { name: 'one' }));
  containers.create(container(TWO, { name: 'two' }));
  assert.throws(() => containers.rename(ONE, 'two'), ConflictError);
  containers.rename(ONE, 'three');
  containers.rename(TWO, 'one');
  assert.equal(containers.name(ONE), 'three');
  assert.equal(containers.resolve('one'), TWO);
  assert.deepEqual(entries(layout.containerNames), ['one', 'three']);
});

test('remove() takes the container and its name at once', async (context) => {
  const { containers, layout, trash } = scratchStore(context);
  containers.create(container(ONE, { name: 'one' }));
  const trashed = containers.remove(ONE);
  assert.equal(containers.exists(ONE), false);
  assert.equal(containers.remove(ONE), undefined);
  assert.deepEqual(entries(layout.containerNames), []);
  assert.deepEqual(trash.removable(), [trashed]);
  assert.deepEqual(await trash.empty(), []);
  assert.throws(() => containers.entry(ONE), NotFoundError);
  assert.throws(() => containers.record(ONE), NotFoundError);
});

test('exitRemoval() names what the supervisor does for --rm', (context) => {
  const { containers, layout } = scratchStore(context);
  const paths = containers.create(container(ONE, { name: 'one' }));
  const steps = containers.exitRemoval(ONE, 'one');
  assert.equal(steps.rename.from, paths.directory);
  assert.equal(steps.rename.to.startsWith(`${layout.trash}/`), true);
  assert.equal(readdirSync(layout.trash).length, 0);
  assert.deepEqual(steps.nameLink, { path: join(layout.containerNames, 'one'), target: ONE });
});

test('a damaged record does not keep a container from being listed and removed', (context) => {
  const { containers } = scratchStore(context);
  const paths = containers.create(container(ONE));
  writeFileSync(paths.config, '');
  assert.equal(containers.list().length, 1);
  assert.throws(() => containers.record(ONE), IntegrityError);
  assert.equal(containers.areRecordsReadable(), false);
  assert.notEqual(containers.remove(ONE), undefined);
});

test('users of a volume and of an image are found', (context) => {
  const store = scratchStore(context);
  store.volumes.create({ name: 'data' });
  store.containers.create(container(ONE, { volumes: ['data'] }));
  store.containers.create(container(TWO, { imageId: hex('other') }));
  assert.deepEqual(store.containers.usersOfVolume('data'), [ONE]);
  assert.deepEqual(store.containers.usersOfImage(hex('other')), [TWO]);
});

test('a thousand containers are listed in tens of milliseconds', (context) => {
  const { containers } = scratchStore(context);
  for (let i = 0; i < 1000; i += 1) {
    const id = randomId();
    containers.create({ ...container(id, { name: `c${i}` }), writable: 'none' });
  }
  const startMs = performance.now();
  assert.equal(containers.list().length, 1000);
  const elapsedMs = performance.now() - startMs;
  assert.ok(elapsedMs < 500, `${elapsedMs} ms`);
});
