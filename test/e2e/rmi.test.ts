/**
 * `berth rmi`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test('a name goes first, the image with its last one, unless a container needs it', async () => {
  const image = await lab.image({ name: 'localhost/removable:1', layers: [{ own: 'layer' }] });
  await lab.ok(['tag', image, 'second:name']);
  const id = await lab.ok(['image', 'inspect', '-f', '{{.Id}}', image]);
  const several = await lab.berth(['rmi', id]);
  assert.equal(several.status, 125);
  assert.match(several.stderr, /it has 2 names \(.*\)\nhint: berth rmi --force/);
  assert.match(await lab.ok(['rmi', image]), /^Untagged: localhost\/removable:1$/);
  await lab.ok(['create', '--name', 'uses', 'second:name']);
  const { status, stderr } = await lab.berth(['rmi', 'second:name']);
  assert.equal(status, 2);
  assert.match(stderr, /in use by container/);
  await lab.ok(['rmi', '-f', 'second:name']);
  assert.equal((await lab.berth(['container', 'exists', 'uses'])).status, 1);
  assert.equal((await lab.berth(['rmi', 'second:name'])).status, 1);
});

test('run --rmi takes the image with the container, unless another one needs it', async () => {
  const image = await lab.image({ name: 'localhost/once:1', layers: [{ once: 'x' }] });
  await lab.ok(['create', '--name', 'other', image]);
  const run = ['run', '--rmi', '-i', image, 'sh', '-c', 'cat; exit 5'];
  const first = await lab.berth(run, { input: 'passed on' });
  assert.deepEqual([first.status, first.stdout, first.stderr], [5, 'passed on', '']);
  assert.equal((await lab.berth(['image', 'exists', image])).status, 0);
  await lab.ok(['rm', 'other']);
  assert.equal((await lab.berth(run, { input: '' })).status, 5);
  assert.equal((await lab.berth(['image', 'exists', image])).status, 1);
  assert.equal(await lab.ok(['ps', '-aq']), '');
});

test('run --rmi passes signals on, and waits for the end', async () => {
  const image = await lab.image({ name: 'localhost/once:1', layers: [{ once: 'x' }] });
  const script = 'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.1; done';
  const started = lab.start(['run', '--rmi', image, 'sh', '-c', script]);
  await started.seen(/ready/);
  started.child.kill('SIGTERM');
  const { status, stdout } = await started.finished;
  assert.equal(status, 3);
  assert.match(stdout, /got/);
  assert.equal((await lab.berth(['image', 'exists', image])).status, 1);
  assert.equal((await lab.berth(['run', '--rmi', '-d', image, 'true'])).status, 125);
});

test('each name is handled, an absent one leaves status 1, and --ignore none', async () => {
  const image = await lab.image();
  const { status, stdout, stderr } = await lab.berth(['rmi', 'absent', image]);
  assert.equal(status, 1);
  assert.match(stderr, /find image "absent": no such image/);
  assert.match(stdout, /^Untagged: localhost\/.*\nDeleted: [0-9a-f]{64}\n$/);
  await lab.ok(['rmi', '--ignore', 'absent']);
  await lab.ok(['rmi', '-f', 'absent']);
  assert.equal((await lab.berth(['rmi'])).status, 125);
});
