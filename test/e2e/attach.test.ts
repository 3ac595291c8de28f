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

test('attach to a terminal has its size, types into it, and leaves it by keys', async () => {
  await lab.ok(['run', '-dit', '--name', 'shell', '--network', 'none', 'localhost/busybox', 'sh']);
  const words = [...lab.command, 'attach', 'shell'].join(' ');
  const started = lab.startInShell(`stty rows 33 cols 101; ${words}`);
  const size = ['exec', 'shell', 'sh', '-c', 'stty size </proc/1/fd/0'];
  for (let left = 200; await lab.ok(size) !== '33 101' && left > 0; left--) await sleep(50);
  started.child.stdin.write('echo A$((1+1))\r');
  await started.seen(/^A2\r$/m);
  started.child.stdin.write('\x10\x11');
  const { status, stdout } = await started.finished;
  assert.equal(status, 0);
  assert.equal(stdout.split('echo A').length, 2, 'what is typed is shown once');
  assert.equal(await lab.ok(['inspect', '-f', '{{.State.Status}}', 'shell']), 'running');
  await lab.ok(['rm', '-f', '-t', '0', 'shell']);
});

test('attach to what rests is an error with a way out', async () => {
  const { status, stdout, stderr } = await lab.berth(['attach', 'talker']);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: '' });
  assert.match(stderr, /"talker": it is not running: it has exited\nhint: berth start talker/);
});
