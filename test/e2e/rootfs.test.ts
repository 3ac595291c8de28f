/**
 * `--rootfs`: containers that run from a folder and have no image.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();
const folder = path.join(lab.home, 'root: a, b');

before(async () => {
  const image = await lab.image({ layers: [{ 'etc/passwd': 'root:x:0:0::/root:/bin/sh\n' }] });
  const archive = path.join(lab.home, 'root.tar');
  await lab.ok(['create', '--name', 'source', image]);
  await lab.ok(['export', '-o', archive, 'source']);
  await lab.ok(['rm', 'source']);
  await lab.ok(['rmi', image]);
  mkdirSync(folder);
  const tar = ['tar', '-xf', archive, '-C', folder];
  assert.equal((await execute(tar, { env: lab.environment, cwd: lab.home })).status, 0);
});

test('a container runs from a folder, and writes to it', async () => {
  const run = ['run', '--rm', '--network=none', '--rootfs'];
  assert.equal(
    await lab.ok([...run, 'root: a, b', 'sh', '-c', 'echo kept >/kept; id -u; pwd'],
      { cwd: lab.home }),
    '0\n/');
  assert.equal(readFileSync(path.join(folder, 'kept'), 'utf8'), 'kept\n');
  const accounts = readFileSync(path.join(folder, 'etc/passwd'), 'utf8');
  assert.equal(await lab.ok([...run, folder, 'cat', '/kept']), 'kept');
  await lab.ok(['run', '--rm', '--network=none', '-u', '0:0', '--rootfs', folder, 'true']);
  assert.equal(readFileSync(path.join(folder, 'etc/passwd'), 'utf8'), accounts);
  assert.equal(await lab.ok(['images', '-q']), '');
});

test('without a command the hint is one that runs', async () => {
  const { status, stderr } = await lab.berth(['run', '--rm', '--rootfs', folder]);
  assert.equal(status, 125);
  assert.ok(stderr.endsWith(`does not say what to run\nhint: berth run --rootfs ${folder} sh\n`));
});

test('without an image a container is committed as one layer', async () => {
  await lab.ok(['create', '--name', 'bare', '--network=none', '--rootfs', folder, 'true']);
  const { status, stderr } = await lab.berth(['commit', 'bare']);
  assert.equal(status, 125);
  assert.match(stderr,
    /commit container "bare": it runs from a folder\nhint: berth commit --squash bare/);
  const id = await lab.ok(['commit', '-q', '--squash', 'bare']);
  assert.match(await lab.ok(['run', '--rm', '--network=none', id, 'cat', '/etc/passwd']), /^root:/);
  await lab.ok(['rm', 'bare']);
  await lab.ok(['rmi', id]);
  assert.ok(existsSync(path.join(folder, 'etc/passwd')));
});

test('with :O the folder stays as it is, and the container keeps its changes', async () => {
  writeFileSync(path.join(folder, 'seed'), 'as it was\n');
  await lab.ok([
    'run', '--name', 'apart', '--network=none', '--rootfs', `${folder}:O`,
    'sh', '-c', '[ -e /more ] && cat /more; echo more >/more; rm -f /seed',
  ]);
  assert.equal(await lab.ok(['start', '-a', 'apart']), 'more');
  assert.equal(readFileSync(path.join(folder, 'seed'), 'utf8'), 'as it was\n');
  assert.equal(existsSync(path.join(folder, 'more')), false);
  assert.equal(await lab.ok(['inspect', '-f', '{{.Rootfs}}|{{.Image}}', 'apart']), `${folder}|`);
  assert.match(await lab.ok(['ps', '-a', '--format', '{{.Image}}']), /root: a, b$/);
  await lab.ok(['rm', 'apart']);
  assert.ok(existsSync(path.join(folder, 'seed')));
});

test('what is no folder is refused, and nothing is left', async () => {
  const cases: [args: string[], said: RegExp][] = [
    [['--rootfs', path.join(lab.home, 'none'), 'true'], /no such folder/],
    [['--rootfs', path.join(folder, 'seed'), 'true'], /not a folder/],
    [['--rootfs', ':O', 'true'], /no folder is named/],
    [['--rootfs', folder], /what to run/],
    [['--rootfs', '--userns=nomap', folder, 'true'], /--userns|no ids but one/],
  ];
  for (const [args, said] of cases) {
    const { status, stderr } = await lab.berth(['run', '--network=none', ...args]);
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, said);
  }
  assert.equal(await lab.ok(['ps', '-aq']), '');
});
