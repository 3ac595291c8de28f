/**
 * `berth attach`: more viewers of a running container.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from './harness.ts';

const lab = openLab();
before(async () => {
  await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('attach shows what a container writes and gives its status', async () => {
  await lab.ok([
    'run',
    '-d',
    '-i',
    '--name',
    'talker',
    'localhost/busybox',
    'sh',
    '-c',
    'read line; echo "heard $line"; exit 4',
  ]);
  const started = lab.start(['attach', 'talker']);
  await sleep(300);
  started.child.stdin.end('me\n');
  const { status, stdout } = await started.finished;
  assert.equal(stdout, 'heard me\n');
  assert.equal(status, 4);
});

test('attach to what rests is an error with a way out', async () => {
  const { status, stdout, stderr } = await lab.berth(['attach', 'talker']);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: '' });
  assert.match(stderr, /"talker": it is exited\nhint: berth start talker/);
});
