/**
 * `berth stop`: asked politely first, killed after.
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

test('stop asks politely, then kills after the time-out', async () => {
  const polite = 'trap "exit 42" TERM; while :; do sleep 0.1; done';
  await lab.ok(['run', '-d', '--name', 'polite', image, 'sh', '-c', polite]);
  await lab.ok(['run', '-d', '--name', 'stubborn', image, 'sh', '-c', 'trap "" TERM; sleep 1000']);
  const { status, stdout } = await lab.berth(['stop', '-t', '1', 'polite', 'stubborn']);
  assert.equal(status, 0);
  assert.deepEqual(stdout.trim().split('\n'), ['polite', 'stubborn']);
  assert.equal(await lab.ok(['wait', 'polite', 'stubborn']), '42\n137');
  assert.equal((await lab.berth(['stop', 'polite'])).status, 0, 'stopping what rests is no error');
});

test('--stop-signal is the one that stop sends, --stop-timeout how long it waits', async () => {
  const traps = 'trap "exit 11" USR1; trap "" TERM; while :; do sleep 0.1; done';
  const run = ['run', '-d', '--name', 'usr1', '--stop-signal', 'USR1', '--stop-timeout', '9'];
  await lab.ok([...run, image, 'sh', '-c', traps]);
  await lab.ok(['stop', 'usr1']);
  assert.equal(await lab.ok(['wait', 'usr1']), '11');
});

test('none is named: an error that says how, as in: stop $(ps -q) without containers', async () => {
  const { status, stdout, stderr } = await lab.berth(['stop']);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: '' });
  assert.match(stderr, /^Error: choose containers: none is named\nhint: .*--all/);
});

test('--ignore forgives what is absent, and nothing else does', async () => {
  assert.equal((await lab.berth(['stop', 'absent'])).status, 125);
  assert.deepEqual(await lab.ok(['stop', '--ignore', 'absent']), '');
});

test('--all stops what runs, --cidfile what it names', async () => {
  await lab.ok(['run', '-d', '--cidfile', 'cid', image, 'sleep', '1000']);
  const other = await lab.ok(['run', '-d', image, 'sleep', '1000']);
  const id = await lab.ok(['stop', '-t', '0', '--cidfile', 'cid']);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await lab.ok(['stop', '-t', '0', '--all']), other);
  assert.equal(await lab.ok(['ps', '-q']), '');
});

test('stop and rm at once: it is gone and neither hangs', async () => {
  await lab.ok(['run', '-d', '--name', 'both', image, 'sleep', '1000']);
  await Promise.all([
    lab.berth(['stop', '-t', '0', 'both']),
    lab.berth(['rm', '-f', '-t', '0', 'both']),
  ]);
  assert.equal((await lab.berth(['container', 'exists', 'both'])).status, 1);
});
