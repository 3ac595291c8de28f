/**
 * `berth restart`: a new process in the same container.
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

async function pidOf(name: string): Promise<string> {
  return lab.ok(['inspect', '-f', '{{.State.Pid}}', name]);
}

test('restart gives a new process and keeps the files', async () => {
  await lab.ok(['run', '-d', '--name', 'box', image, 'sleep', '1000']);
  await lab.ok(['exec', 'box', 'touch', '/kept']);
  const pid = await pidOf('box');
  assert.equal(await lab.ok(['restart', '-t', '0', 'box']), 'box');
  assert.notEqual(await pidOf('box'), pid);
  await lab.ok(['exec', 'box', 'test', '-e', '/kept']);
});

test('what rests is started; --running leaves it at rest', async () => {
  const id = await lab.ok(['create', '--name', 'resting', image, 'sleep', '1000']);
  const restarted = await lab.ok(['restart', '-t', '0', '--running']);
  assert.ok(!restarted.includes(id));
  assert.equal(await lab.ok(['restart', 'resting']), 'resting');
  assert.notEqual(await pidOf('resting'), '0');
});

test('one that is absent fails the whole', async () => {
  const { status, stdout, stderr } = await lab.berth(['restart', '-t', '0', 'absent', 'box']);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: 'box\n' });
  assert.match(stderr, /"absent": no such container/);
});
