/**
 * `berth images` as users know it: rows, filters, orders, templates.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let id = '';
before(async () => {
  const labels = { shop: 'yes' };
  const config = { Env: ['PATH=/bin'], Cmd: ['sh'], Labels: labels };
  await lab.image({ name: 'localhost/one:2', config });
  await lab.ok(['tag', 'localhost/one:2', 'localhost/one:1', 'reg.test/deep/two:latest']);
  await lab.image({ name: 'localhost/other:1', layers: [{ file: 'more' }] });
  id = await lab.ok(['image', 'inspect', '-f', '{{.Id}}', 'localhost/one:1']);
});

const names = async (...args: string[]): Promise<string[]> =>
  (await lab.ok(['images', '--format', '{{.Repository}}:{{.Tag}}', ...args])).split('\n');

test('a line for each name, and an id for each image', async () => {
  const [titles = '', ...rows] = (await lab.ok(['images'])).split('\n');
  assert.match(titles, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
  assert.equal(rows.length, 4);
  assert.equal((await lab.ok(['images', '--noheading'])).split('\n').length, 4);
  assert.deepEqual((await lab.ok(['images', '-q', 'one'])).split('\n'), [id.slice(0, 12)]);
  assert.deepEqual(await lab.ok(['images', '-q', '--no-trunc', 'one']), `sha256:${id}`);
  assert.match(await lab.ok(['images', '--digests', 'one']), /DIGEST[^]*sha256:[0-9a-f]{64}/);
  assert.match(await lab.ok(['images', '--history', 'other']),
    /SIZE +HISTORY\n.* localhost\/other:1$/);
});

test('an image without a name has its digest', async () => {
  const name = await lab.image({ name: 'localhost/nameless:1', layers: [{ n: '1' }] });
  const nameless = await lab.ok(['image', 'inspect', '-f', '{{.Id}} {{.Digest}}', name]);
  await lab.ok(['untag', name]);
  const listed = await lab.ok(['images', '--no-trunc', '--filter', 'dangling=true', '--format',
    '{{.ID}} {{.Digest}}']);
  assert.equal(listed, `sha256:${nameless}`);
  assert.match(nameless, /^[0-9a-f]{64} sha256:[0-9a-f]{64}$/);
  await lab.ok(['rmi', nameless.slice(0, 12)]);
});

test('rows are sorted by the key that was asked for', async () => {
  assert.deepEqual(await names('--sort', 'repository', '--filter', 'label=shop'),
    ['localhost/one:1', 'localhost/one:2', 'reg.test/deep/two:latest']);
  assert.deepEqual((await names('--sort', 'tag')).map((name) => name.split(':').at(-1)),
    ['1', '1', '2', 'latest']);
  const { status, stderr } = await lab.berth(['images', '--sort', 'colour']);
  assert.equal(status, 125);
  assert.match(stderr, /sort by "colour": no such key\nhint: use one of created, id/);
});

test('filters choose, and a value that makes no sense is an error without images too', async () => {
  assert.deepEqual(await names('--filter', 'reference=*/other'), ['localhost/other:1']);
  assert.equal((await names('--filter', 'label=shop=yes')).length, 3);
  assert.deepEqual(await names('--filter', 'label=shop=no'), ['']);
  assert.deepEqual(await names('--filter', 'dangling=true'), ['']);
  for (const filter of ['dangling=maybe', 'readonly=2', 'colour=red', 'dangling']) {
    const args = ['--root', `${lab.home}/empty`, 'images', '--filter', filter];
    assert.equal((await lab.berth(args)).status, 125, filter);
  }
});

test('a name with its tag lists that name, a repository all names of the image', async () => {
  assert.deepEqual(await names('one:1'), ['localhost/one:1']);
  assert.deepEqual(await names('--filter', 'reference=*/two:*'), ['reg.test/deep/two:latest']);
  assert.equal((await names('one')).length, 3);
  assert.equal((await names(id.slice(0, 12))).length, 3);
});

test('an image is found by each digest that is shown for it, from an archive too', async () => {
  const shown = await lab.ok(['image', 'inspect', '-f', '{{json .RepoDigests}}', 'one:1']);
  const digests = JSON.parse(shown) as string[];
  const repositories = digests.map((name) => name.split('@')[0]);
  assert.deepEqual(repositories, ['localhost/one', 'reg.test/deep/two']);
  for (const name of digests) {
    assert.equal(await lab.ok(['image', 'inspect', '-f', '{{.Id}}', name]), id);
  }
  const [, digest = ''] = digests[0]?.split('@') ?? [];
  assert.equal((await lab.berth(['image', 'exists', `localhost/other@${digest}`])).status, 1);
  assert.equal((await names('--filter', `digest=${digest.slice(0, 20)}`)).length, 3);
});

test('titles of a table keep what stands between fields', async () => {
  const table = await lab.ok(['images', '--format', 'table {{.Repository}}:{{.Tag}}\t{{.ID}}']);
  assert.match(table, /^REPOSITORY:TAG +IMAGE ID\n/);
});

test('json has an object for each image, under the names of Podman', async () => {
  const images = JSON.parse(await lab.ok(['images', '--format', 'json', 'one'])) as
    Record<string, unknown>[];
  const [image = {}] = images;
  assert.equal(images.length, 1);
  assert.equal(image['Id'], id);
  assert.deepEqual(image['Labels'], { shop: 'yes' });
  assert.equal((image['RepoTags'] as string[]).length, 3);
  assert.equal(typeof image['Created'], 'number');
  assert.equal(typeof image['Size'], 'number');
});

test('an image that has no date was made when it came, as in Podman', async () => {
  const name = await lab.image({ name: 'localhost/undated:1', created: undefined });
  const since = await lab.ok(['images', '--format', '{{.CreatedSince}}', name]);
  assert.match(since, /^(Less than a second|\d+ seconds?|About a minute) ago$/);
  assert.match(await lab.ok(['system', 'df', '-v']), /undated +1 +\S+ +(Less|\d+ sec|About a min)/);
  await lab.ok(['rmi', name]);
});
