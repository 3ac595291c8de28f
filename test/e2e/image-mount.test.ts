/**
 * `--mount type=image`: the files of another image in a container.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
let tools = '';
before(async () => {
  image = await lab.image();
  tools = await lab.image({
    name: 'localhost/tools:1',
    layers: [{ 'opt/old': 'old', 'opt/sub/low': 'low' }, { 'opt/sub/high': 'high' }],
  });
});

test('all layers of the image are there, and nothing can be written', async () => {
  const mount = `type=image,source=${tools},destination=/tools`;
  const script = 'cat /tools/opt/old /tools/opt/sub/low /tools/opt/sub/high; touch /tools/opt/new';
  const { status, stdout, stderr } =
    await lab.berth(['run', '--rm', '--mount', mount, image, 'sh', '-c', script]);
  assert.deepEqual([status, stdout], [1, 'oldlowhigh']);
  assert.match(stderr, /Read-only file system/);
});

test('with rw what is written stays in the container, until it starts again', async () => {
  const mount = `type=image,src=${tools},dst=/tools,rw=true`;
  const script = 'cat /tools/opt/new; echo mine >/tools/opt/new; rm /tools/opt/old;' +
    'cat /tools/opt/new; ls /tools/opt';
  await lab.ok(['create', '--name', 'writer', '--mount', mount, image, 'sh', '-c', script]);
  for (const round of ['first', 'second']) {
    const { stdout, stderr } = await lab.berth(['start', '-a', 'writer']);
    assert.equal(stdout, 'mine\nnew\nsub\n', round);
    assert.match(stderr, /can't open/, round);
  }
  const other = ['run', '--rm', '--mount', `type=image,source=${tools},target=/t`, image];
  assert.equal(await lab.ok([...other, 'ls', '/t/opt']), 'old\nsub');
  assert.equal(await lab.ok(['inspect', '-f',
    '{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}}{{end}}', 'writer']),
  `image ${tools} /tools true`);
  await lab.ok(['rm', 'writer']);
});

test('an image stays while a container mounts it', async () => {
  const kept = await lab.image({ name: 'localhost/kept:1', layers: [{ only: 'here' }] });
  await lab.ok(['create', '--name', 'user', '--mount', `type=image,source=${kept},target=/k`,
    image, 'cat', '/k/only']);
  const id = await lab.ok(['inspect', '-f', '{{slice .Id 0 12}}', 'user']);
  const { status, stderr } = await lab.berth(['rmi', kept]);
  assert.equal(status, 2);
  assert.match(stderr, new RegExp(`in use by container ${id}`));
  await lab.ok(['image', 'prune', '-af']);
  assert.equal(await lab.ok(['start', '-a', 'user']), 'here');
  await lab.ok(['rmi', '-f', kept]);
  assert.equal((await lab.berth(['container', 'exists', 'user'])).status, 1);
});

test("what can't be mounted is named, and leaves no container", async () => {
  const cases: [flags: string[], reason: RegExp][] = [
    [['--mount', 'type=image,target=/t'], /an image has to be named/],
    [['--mount', `type=image,source=${tools}`], /the target is missing/],
    [['--mount', `type=image,source=${tools},target=/t,U=true`], /an image takes no "U"/],
    [['--pull=never', '--mount', 'type=image,source=localhost/none,target=/t'], /"localhost\/n/],
  ];
  for (const [flags, reason] of cases) {
    const { status, stdout, stderr } = await lab.berth(['create', ...flags, image, 'true']);
    assert.deepEqual([status, stdout], [125, ''], flags.join(' '));
    assert.match(stderr, reason);
  }
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

const many = { skip: missing.subordinateIds };
test("a container with ids of its own is told that it can't have an image", many, async () => {
  const { status, stderr } = await lab.berth(['run', '--rm', '--userns', 'keep-id', '--mount',
    `type=image,source=${tools},target=/t`, image, 'true']);
  assert.equal(status, 125);
  assert.match(stderr, /mount an image: the container has ids of its own\nhint: .*export/);
});
