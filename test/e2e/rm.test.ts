/**
 * `berth rm`: containers go, with what was theirs alone.
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

test('rm refuses what runs, unless forced', async () => {
  await lab.ok(['run', '-d', '--name', 'running', image, 'sleep', '1000']);
  const { status, stdout, stderr } = await lab.berth(['rm', 'running']);
  assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
  assert.match(stderr, /running[\s\S]*hint: .*(stop|force)/);
  assert.equal(await lab.ok(['rm', '-f', '-t', '0', 'running']), 'running');
});

test('several arguments are each handled, and the status tells that one failed', async () => {
  await lab.ok(['create', '--name', 'one', image]);
  await lab.ok(['create', '--name', 'two', image]);
  const { status, stdout, stderr } = await lab.berth(['rm', 'one', 'absent', 'two']);
  assert.deepEqual({ status, stdout }, { status: 1, stdout: 'one\ntwo\n' });
  assert.match(stderr, /"absent": no such container/);
});

test('absent ones are forgiven with --ignore, and with --force', async () => {
  assert.equal((await lab.berth(['rm', 'absent'])).status, 1);
  assert.equal(await lab.ok(['rm', '--ignore', 'absent']), '');
  assert.equal((await lab.berth(['rm', '-f', 'absent'])).status, 0);
});

test('--volumes takes anonymous volumes, and leaves named ones', async () => {
  await lab.ok(['create', '--name', 'vols', '-v', '/data', '-v', 'named:/kept', image]);
  assert.equal((await lab.ok(['volume', 'ls', '-q'])).split('\n').length, 2);
  await lab.ok(['rm', '-v', 'vols']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), 'named');
  await lab.ok(['volume', 'rm', 'named']);
});

test('--volumes leaves an anonymous volume that another container has come to use', async () => {
  await lab.ok(['create', '--name', 'lends', '-v', '/data', image]);
  await lab.ok(['create', '--name', 'borrows', '--volumes-from', 'lends', image]);
  await lab.ok(['rm', '-v', 'lends']);
  assert.notEqual(await lab.ok(['volume', 'ls', '-q']), '');
  await lab.ok(['rm', '-v', 'borrows']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('--all, --latest, --filter and --cidfile choose', async () => {
  const first = await lab.ok(['create', '--cidfile', 'cid', image]);
  const second = await lab.ok(['create', '--label', 'a=b', image]);
  const third = await lab.ok(['create', image]);
  assert.equal(await lab.ok(['rm', '--cidfile', 'cid']), first);
  assert.equal(await lab.ok(['rm', '--filter', 'label=a=b']), second);
  for (const flag of ['--latest', '--all']) {
    const { status, stderr } = await lab.berth(['rm', flag, third]);
    assert.equal(status, 125);
    assert.match(stderr, new RegExp(`^Error: read ${flag}: it excludes names such as "`));
  }
  assert.equal(await lab.ok(['rm', '--latest']), third);
  assert.equal(await lab.ok(['rm', '--all']), '', 'none is no error');
});
