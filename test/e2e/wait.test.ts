/**
 * `berth wait`: exit statuses, and other conditions.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from './harness.ts';
import { processesOf } from './leaks.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('the statuses of several, in their order, on standard output', async () => {
  await lab.ok(['run', '-d', '--name', 'slow', image, 'sh', '-c', 'sleep 0.5; exit 3']);
  await lab.ok(['run', '-d', '--name', 'fast', image, 'sh', '-c', 'exit 4']);
  assert.equal(await lab.ok(['wait', 'slow', 'fast']), '3\n4');
});

test('--condition running waits for a start', async () => {
  await lab.ok(['create', '--name', 'later', image, 'sleep', '1000']);
  const waits = lab.berth(['wait', '--condition', 'running', 'later']);
  await lab.ok(['start', 'later']);
  assert.equal((await waits).status, 0);
  const wrong = await lab.berth(['wait', '--condition', 'nope', 'later']);
  assert.equal(wrong.status, 125);
  assert.match(wrong.stderr, /"nope": no such condition\nhint: conditions are/);
});

test('a run is waited for, not the runs after it', async () => {
  await lab.ok(['run', '-d', '--name', 'again', image, 'sleep', '1000']);
  const waiting = lab.start(['wait', 'again']);
  let isOver = false;
  const finished = waiting.finished.finally(() => { isOver = true; });
  // Each restart is over between two looks of a wait that has begun.
  while (!isOver) await lab.ok(['restart', '-t', '0', 'again']);
  assert.deepEqual(await finished, { status: 0, stdout: '137\n', stderr: '' });
  await lab.ok(['rm', '-f', '-t', '0', 'again']);
});

test('how a container that goes with its run has ended', async () => {
  await lab.ok(['run', '-d', '--rm', '--name', 'brief', image, 'sh', '-c', 'sleep 4; exit 3']);
  const waits = [[], ['--condition', 'exited'], ['--condition', 'removed']]
    .map(async (flags) => lab.ok(['wait', ...flags, 'brief']));
  assert.deepEqual(await Promise.all(waits), ['3', '3', '3']);
});

test('a container that is removed meanwhile has ended', async () => {
  const waits = lab.berth(['wait', 'later']);
  const isWaiting = (): boolean =>
    processesOf(lab.folder).some(({ what }) => what.includes(' wait --run-dir '));
  for (let left = 200; !isWaiting() && left > 0; left--) await sleep(50);
  await lab.ok(['rm', '-f', '-t', '0', 'later']);
  assert.equal((await waits).status, 0);
});

test('what is absent is an error; with --ignore its status is -1', async () => {
  const { status, stderr } = await lab.berth(['wait', 'absent']);
  assert.equal(status, 125);
  assert.match(stderr, /"absent": no such container/);
  assert.equal(await lab.ok(['wait', '--ignore', 'absent']), '-1');
});
