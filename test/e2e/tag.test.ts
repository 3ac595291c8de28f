/**
 * `berth tag` and `berth untag`.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});

const tags = async (): Promise<string[]> =>
  (await lab.ok(['image', 'inspect', '-f', '{{range .RepoTags}}{{.}} {{end}}', image]))
    .trim().split(' ').sort();

test('an image has many names, short ones of this machine, with the tag latest', async () => {
  await lab.ok(['tag', image, 'short', 'reg.test:5000/deep/name', 'other:2']);
  assert.deepEqual(await tags(), [
    image, 'localhost/other:2', 'localhost/short:latest', 'reg.test:5000/deep/name:latest',
  ].sort());
  await lab.ok(['untag', image, 'short', 'reg.test:5000/deep/name']);
  assert.deepEqual(await tags(), [image, 'localhost/other:2'].sort());
});

test('names are listed as they were given', async () => {
  for (const name of ['zz', 'mm', 'aa']) {
    // A tick of the clock that files get their times from.
    await setTimeout(20);
    await lab.ok(['tag', image, name]);
  }
  const [, ...given] = JSON.parse(
    await lab.ok(['image', 'inspect', '-f', '{{json .RepoTags}}', image])) as string[];
  const wanted = ['localhost/zz:latest', 'localhost/mm:latest', 'localhost/aa:latest'];
  assert.deepEqual(given.slice(-3), wanted);
  assert.equal((await lab.ok(['images', '--format', '{{.Repository}}'])).split('\n').at(-1),
    'localhost/aa');
  await lab.ok(['untag', image, ...wanted]);
});

test('a name moves from one image to another', async () => {
  const second = await lab.image({ name: 'localhost/second:1', layers: [{ more: 'x' }] });
  await lab.ok(['tag', second, 'other:2']);
  assert.deepEqual(await tags(), [image]);
  assert.equal(await lab.ok(['image', 'inspect', '-f', '{{.Id}}', 'other:2']),
    await lab.ok(['image', 'inspect', '-f', '{{.Id}}', second]));
});

test('what is no image and no name is an error, and nothing changes', async () => {
  const cases: [args: string[], error: RegExp][] = [
    [['tag', 'absent', 'x'], /find image "absent": no such image/],
    [['tag', image, 'UPPER'], /read the image name "UPPER": must be lower case/],
    [['tag', image, 'x:'], /read the image name "x:"/],
    [['tag', image], /too few arguments for "IMAGE NAME\.\.\."/],
    [['untag', image, 'absent'], /no such image/],
  ];
  for (const [args, error] of cases) {
    const { status, stderr } = await lab.berth(args);
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, error);
  }
  assert.deepEqual(await tags(), [image]);
});

test('without names untag takes all, and the image stays under its id', async () => {
  const id = await lab.ok(['image', 'inspect', '-f', '{{.Id}}', 'other:2']);
  await lab.ok(['untag', 'other:2']);
  assert.equal((await lab.berth(['image', 'exists', 'other:2'])).status, 1);
  assert.equal(await lab.ok(['images', '-q', '--no-trunc', '--filter', 'dangling=true']),
    `sha256:${id}`);
});
