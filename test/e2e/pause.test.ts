/**
 * `berth pause` and `unpause`, in a cgroup of the container's own.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from './harness.ts';
import { giveCgroup, missingFreezer } from './own-cgroup.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const skip = missingFreezer;

async function stateOf(name: string): Promise<string> {
  return lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.Paused}}', name]);
}

test('without a cgroup of its own a container is not paused, and the user hears why', async () => {
  await lab.ok(['run', '-d', '--name', 'bare', image, 'sleep', '1000']);
  const cgroup = readFileSync(
    `/proc/${await lab.ok(['inspect', '-f', '{{.State.Pid}}', 'bare'])}/cgroup`, 'utf8');
  const { status, stdout, stderr } = await lab.berth(['pause', 'bare']);
  if (/^0::.*\/berth-[0-9a-f]{12}-/m.test(cgroup)) {
    assert.deepEqual({ status, stdout }, { status: 0, stdout: 'bare\n' });
  } else {
    assert.deepEqual({ status, stdout }, { status: 125, stdout: '' });
    assert.match(stderr, /"bare": it has no cgroup of its own\nhint: /);
    assert.equal(await stateOf('bare'), 'running false');
  }
});

test('what is paused stands still, is shown so, and goes on', { skip }, async () => {
  const ticks = 'while :; do echo tick; usleep 20000; done';
  await lab.ok(['run', '-d', '--name', 'ticks', image, 'sh', '-c', ticks]);
  await giveCgroup(lab, 'ticks');
  assert.equal(await lab.ok(['pause', 'ticks']), 'ticks');
  assert.equal(await stateOf('ticks'), 'paused true');
  assert.match(await lab.ok(['ps', '--format', '{{.Names}} {{.Status}}']), /ticks Up .*\(Paused\)/);
  const before = await lab.ok(['logs', 'ticks']);
  await sleep(300);
  assert.equal(await lab.ok(['logs', 'ticks']), before);
  const refused: [string[], number][] =
    [[['exec', 'ticks', 'true'], 255], [['attach', 'ticks'], 125], [['start', 'ticks'], 125]];
  for (const [command, expected] of refused) {
    const { status, stderr } = await lab.berth(command);
    assert.equal(status, expected);
    assert.match(stderr, /"ticks": it is paused\nhint: berth unpause ticks/);
  }
  assert.match(await lab.ok(['unpause', '--all']), /^[0-9a-f]{64}$/);
  assert.equal(await lab.ok(['exec', 'ticks', 'echo', 'on']), 'on');
  await lab.ok(['rm', '-f', '-t', '0', 'ticks']);
});

test('a paused container is killed, stopped and removed', { skip }, async () => {
  for (const end of [['kill'], ['stop', '-t', '0'], ['rm', '-f', '-t', '0']]) {
    await lab.ok(['run', '-d', '--name', 'held', image, 'sleep', '1000']);
    await giveCgroup(lab, 'held');
    await lab.ok(['pause', 'held']);
    await lab.ok([...end, 'held']);
    if (end[0] !== 'rm') {
      assert.equal(await lab.ok(['wait', 'held']), '137');
      await lab.ok(['rm', 'held']);
    }
    }
});
