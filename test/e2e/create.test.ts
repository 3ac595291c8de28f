/**
 * `berth create`: a container that is made and does not run.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('create prints the id alone, and nothing runs', async () => {
  const { status, stdout, stderr } = await lab.berth(['create', '--name', 'made', image, 'true']);
  assert.equal(status, 0);
  assert.match(stdout, /^[0-9a-f]{64}\n$/);
  assert.equal(stderr, '');
  assert.equal(await lab.ok(['ps', '-q']), '');
  const [state, pid] = (await lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.Pid}}', 'made']))
    .split(' ');
  assert.deepEqual({ state, pid }, { state: 'created', pid: '0' });
});

test('--cidfile gets the id, and a file that is there is kept', async () => {
  const id = await lab.ok(['create', '--cidfile', 'cid', image]);
  assert.equal(await lab.ok(['rm', '--cidfile', 'cid']), id);
  const { status, stdout, stderr } = await lab.berth(['create', '--cidfile', 'cid', image]);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: '' });
  assert.match(stderr, /"[^"]*cid": it exists already\nhint: /);
});

test('a name is taken once, and --replace takes it over', async () => {
  const first = await lab.ok(['create', '--name', 'one', image]);
  const { status, stderr } = await lab.berth(['create', '--name', 'one', image]);
  assert.equal(status, 125);
  assert.match(stderr, /"one"/);
  const second = await lab.ok(['create', '--name', 'one', '--replace', image]);
  assert.notEqual(second, first);
  assert.equal(await lab.ok(['inspect', '-f', '{{.Id}}', 'one']), second);
});

test('names are letters, digits and a few signs', async () => {
  for (const name of ['a b', '-x', 'ü', 'a/b', '.a', 'a:b', '']) {
    const { status, stderr } = await lab.berth(['create', `--name=${name}`, image]);
    assert.equal(status, name === '' ? 0 : 125, `"${name}": ${stderr}`);
  }
  await lab.ok(['create', '--name', 'A.b_c-d', image]);
});

test('an id may be shortened, unless it means two containers', async () => {
  const ids = await Promise.all(Array.from({ length: 17 }, async () => lab.ok(['create', image])));
  const letters = ids.map((id) => id.slice(0, 1));
  const twice = letters.find((letter, index) => letters.indexOf(letter) !== index) ?? '';
  const { status, stderr } = await lab.berth(['inspect', twice]);
  assert.equal(status, 125);
  assert.match(stderr, new RegExp(`"${twice}"`));
  assert.equal((await lab.ok(['rm', ...ids])).split('\n').length, 17);
});

test('--pull never and an unknown policy', async () => {
  const absent = await lab.berth(['create', '--pull', 'never', 'localhost/absent']);
  assert.equal(absent.status, 125);
  assert.match(absent.stderr, /localhost\/absent/);
  const wrong = await lab.berth(['create', '--pull', 'perhaps', image]);
  assert.equal(wrong.status, 125);
  assert.match(wrong.stderr, /perhaps/);
});

test("a container of an image's id is listed with the image's name", async () => {
  const name = await lab.image();
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', name]);
  await lab.ok(['create', '--name', 'by-id', id.slice(0, 12), 'true']);
  assert.equal(await lab.ok(['ps', '-a', '-f', 'name=by-id', '--format', '{{.Image}}']), name);
  await lab.ok(['rm', 'by-id']);
});

test('limits of disks name block devices, and inspect shows limits as given', async () => {
  const refused: [string, RegExp][] = [
    ['/dev/nosuch:1mb', /"\/dev\/nosuch": no such file/],
    ['/dev/null:1mb', /"\/dev\/null": not a block device\nhint: /],
    ['null:1', /not PATH:NUMBER/],
  ];
  for (const [limit, said] of refused) {
    const { status, stderr } = await lab.berth(['create', '--device-read-bps', limit, image]);
    assert.equal(status, 125, limit);
    assert.match(stderr, said);
  }
  const id = await lab.ok([
    'create', '--blkio-weight', '300', '--cpuset-mems', '0', '--cpu-period', '50000',
    '--cpu-quota=25000', '--memory', '64m', image,
  ]);
  const names = ['BlkioWeight', 'CpusetMems', 'CpuPeriod', 'CpuQuota', 'MemorySwap'];
  const format = names.map((name) => `{{.HostConfig.${name}}}`).join(' ');
  assert.equal(await lab.ok(['inspect', '-f', format, id]), '300 0 50000 25000 134217728');
});

test('a slice needs systemd, and limits that no one can set are said', async () => {
  const run = (...flags: string[]) =>
    lab.berth(['run', '--rm', '--network=none', ...flags, image, 'true']);
  const slice = await run('--cgroup-parent', 'berth.slice', '--name', 'refused');
  assert.equal(slice.status, 125);
  assert.equal((await lab.berth(['container', 'exists', 'refused'])).status, 1, '--rm holds');
  assert.match(slice.stderr, /"berth.slice": there is no systemd session/);
  const folder = await run('--cgroup-parent', '/no/such/folder');
  assert.equal(folder.status, 0);
  assert.match(folder.stderr, /not limited: --cgroup-parent .*\/no\/such\/folder/);
  const climbing = await run('--cgroup-parent', '/a/../../b');
  assert.equal(climbing.status, 125);
});

test('create and commands that choose containers take the flags that scripts pass on', async () => {
  const id = await lab.ok(['create', '-a', 'stdout', '--attach=stderr', '-h', '', image, 'true']);
  assert.match(await lab.ok(['inspect', '-f', '{{.Config.Hostname}}', id]), /^[0-9a-f]{12}$/);
  for (const command of ['start', 'stop', 'restart', 'pause', 'unpause']) {
    assert.equal(await lab.ok([command, '-f', 'name=nobody']), '', command);
  }
});
