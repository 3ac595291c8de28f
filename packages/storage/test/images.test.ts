/** Images: records, names, and what a typed name means. */
import assert from 'node:assert/strict';
import { readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ConflictError, IntegrityError, NotFoundError, UsageError } from '@berth/errors';
import type { ResolveOptions, Store } from '../src/index.ts';
import type { StoreParts } from '../src/store.ts';
import { addLayer, digest, entries, hex, image, scratchStore } from './scratch-store.ts';

const DEBIAN = 'docker.io/library/debian:12';

async function storeWith(
  context: TestContext,
  images: Readonly<Record<string, string[]>>,
  parts: StoreParts = {},
): Promise<Store> {
  const store = scratchStore(context, parts);
  const layer = addLayer(store, 'base');
  for (const [text, names] of Object.entries(images)) {
    await store.images.commit(image(text, [layer], names));
  }
  return store;
}

test('a committed image has record, config, names and origins', async (context) => {
  const { images, layout } = await storeWith(context, { one: [DEBIAN, 'localhost/x:y'] });
  const [entry] = images.list();
  assert.equal(entry?.record.id, hex('one'));
  assert.deepEqual(entry?.names, [DEBIAN, 'localhost/x:y']);
  assert.equal(images.config(hex('one')).toString(), 'one');
  assert.equal(images.lookUp(DEBIAN), hex('one'));
  assert.equal(images.origins(hex('one'))[0]?.repository, 'docker.io/library/debian');
  assert.deepEqual(entries(layout.staging), []);
  assert.deepEqual(entries(layout.data).includes('lock'), false);
});

test('a name that is committed again moves to the new image', async (context) => {
  const { images } = await storeWith(context, { one: [DEBIAN], two: [DEBIAN] });
  assert.equal(images.lookUp(DEBIAN), hex('two'));
  assert.deepEqual(images.list().map(({ names }) => names.length).sort(), [0, 1]);
});

test('committing an image twice adds the new origin and keeps the old one', async (context) => {
  const store = await storeWith(context, { one: [DEBIAN] });
  const [layer = ''] = store.layers.list();
  const again = image('one', [layer], ['quay.io/a/debian:12']);
  await store.images.commit({
    ...again,
    origins: again.origins.map((origin) => ({
      ...origin, repository: 'quay.io/a/debian', seenAtMs: 2, indexDigest: digest('index'),
    })),
  });
  const origins = store.images.origins(hex('one'));
  assert.deepEqual(origins.map(({ repository }) => repository),
    ['docker.io/library/debian', 'quay.io/a/debian']);
  assert.deepEqual(store.images.list()[0]?.names, [DEBIAN, 'quay.io/a/debian:12']);
  assert.deepEqual(store.images.idsOfManifest(digest('index')), [hex('one')]);
});

test('an image whose layer is missing is refused and says which', async (context) => {
  const store = scratchStore(context);
  await assert.rejects(store.images.commit(image('one', [digest('nowhere')], [])), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.code, 'LAYER_MISSING');
    assert.match(error.message, new RegExp(digest('nowhere')));
    return true;
  });
});

test('a config that is not the id\'s is refused', async (context) => {
  const store = scratchStore(context);
  const wrong = { ...image('one', [], []), config: Buffer.from('two') };
  await assert.rejects(store.images.commit(wrong), IntegrityError);
  assert.deepEqual(store.images.ids(), []);
});

test('tag() and untag() move one name and nothing else', async (context) => {
  const { images } = await storeWith(context, { one: [DEBIAN], two: ['localhost/two:latest'] });
  images.tag(hex('one'), 'localhost/two:latest');
  assert.equal(images.lookUp('localhost/two:latest'), hex('one'));
  assert.equal(images.untag(hex('two'), 'localhost/two:latest'), false);
  assert.equal(images.untag(hex('one'), 'localhost/two:latest'), true);
  assert.equal(images.lookUp('localhost/two:latest'), undefined);
  assert.equal(images.lookUp(DEBIAN), hex('one'));
});

test('remove() takes the image and its names, and leaves others\' alone', async (context) => {
  const { images, layout } = await storeWith(context, { one: [DEBIAN], two: ['localhost/b:c'] });
  assert.equal(images.remove(hex('one')), true);
  assert.equal(images.remove(hex('one')), false);
  assert.deepEqual(images.ids(), [hex('two')]);
  assert.deepEqual(entries(layout.imageNames), ['localhost+b:c']);
});

test('a damaged record is left out of lists, and the image can be removed', async (context) => {
  const { images, layout } = await storeWith(context, { one: [DEBIAN] });
  writeFileSync(join(layout.images, hex('one'), 'record.json'), '');
  assert.deepEqual(images.list(), []);
  assert.throws(() => images.record(hex('one')), IntegrityError);
  assert.equal(images.remove(hex('one')), true);
});

test('names on disk are symlinks to the id, and odd references are refused', async (context) => {
  const { images, layout } = await storeWith(context, { one: ['localhost:5000/a/b:c'] });
  const path = join(layout.imageNames, 'localhost:5000+a+b:c');
  assert.equal(readlinkSync(path), hex('one'));
  for (const bad of ['../../x', 'a/../../b', '', '.', 'a b', 'a+b:c', `x/${'y'.repeat(300)}:z`]) {
    assert.throws(() => images.tag(hex('one'), bad), UsageError, bad);
  }
});

const NAMES = {
  one: [DEBIAN, 'quay.io/team/tool:1', 'quay.io/a/same:1'],
  two: ['localhost/debian:12', 'docker.io/user/app:latest'],
  three: ['ghcr.io/x/same:1', 'docker.io/library/alpine:latest', 'registry.lan/lib/nginx:latest'],
};

const RESOLVES: [typed: string, text: keyof typeof NAMES, name: string | undefined][] = [
  [hex('one'), 'one', undefined],
  [digest('one'), 'one', undefined],
  [digest('manifest of two'), 'two', undefined],
  [hex('one').slice(0, 12), 'one', undefined],
  [hex('one').slice(0, 3), 'one', undefined],
  [DEBIAN, 'one', DEBIAN],
  ['docker.io/debian:12', 'one', DEBIAN],
  ['debian:12', 'two', 'localhost/debian:12'],
  ['library/debian:12', 'one', DEBIAN],
  ['alpine', 'three', 'docker.io/library/alpine:latest'],
  ['user/app', 'two', 'docker.io/user/app:latest'],
  ['app', 'two', 'docker.io/user/app:latest'],
  ['tool:1', 'one', 'quay.io/team/tool:1'],
  ['team/tool:1', 'one', 'quay.io/team/tool:1'],
  ['nginx', 'three', 'registry.lan/lib/nginx:latest'],
  [`debian@${digest('manifest of one')}`, 'one', undefined],
  [`docker.io/library/debian:9@${digest('manifest of one')}`, 'one', undefined],
];

test('resolve() finds what a user means', async (context) => {
  const { images } = await storeWith(context, NAMES);
  for (const [typed, text, name] of RESOLVES) {
    assert.deepEqual(images.resolve(typed), { id: hex(text), name }, typed);
  }
});

test('resolve() prefers aliases and search registries to docker.io', async (context) => {
  let configured: ResolveOptions = {};
  let asked = 0;
  const shortNames = (): ResolveOptions => {
    asked += 1;
    return configured;
  };
  const { images } = await storeWith(context, {
    one: ['docker.io/library/web:latest'], two: ['quay.io/web:latest'],
    three: ['ghcr.io/w/eb:latest'], four: ['quay.io/only:latest'],
  }, { shortNames });
  const resolve = (options: ResolveOptions, name = 'web'): string => {
    configured = options;
    return images.resolve(name).id;
  };
  assert.equal(resolve({}), hex('one'));
  assert.equal(resolve({ searchRegistries: ['quay.io'] }), hex('two'));
  assert.equal(resolve({ searchRegistries: ['quay.io'], aliases: { web: 'ghcr.io/w/eb' } }),
    hex('three'));
  assert.equal(resolve({ aliases: { other: 'ghcr.io/w/eb' } }, 'other'), hex('three'));
  assert.equal(asked, 4);
  for (const name of ['only', 'w/eb', 'quay.io/web', hex('two').slice(0, 12)]) resolve({}, name);
  assert.equal(asked, 4, 'what is clear is found without registries.conf');
});

test('resolve() says what it does not find and what fits several', async (context) => {
  const { images } = await storeWith(context, NAMES);
  const absent = [
    'debian', 'debian:13', 'quay.io/debian:12', 'ebian:12', 'ghcr.io/debian:12', 'ff', 'Nope', '',
    '../x', digest('nothing'), `quay.io/x@${digest('manifest of one')}`, hex('one').toUpperCase(),
  ];
  for (const typed of absent) assert.throws(() => images.resolve(typed), NotFoundError, typed);
  assert.throws(() => images.resolve('same:1'), ConflictError);
});
