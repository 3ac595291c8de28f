/**
 * `berth kill`: signals by name and number.
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

test('kill ends a container at once, and says so of one that rests', async () => {
  await lab.ok(['run', '-d', '--name', 'victim', image, 'sleep', '1000']);
  assert.equal(await lab.ok(['kill', 'victim']), 'victim');
  assert.equal(await lab.ok(['wait', 'victim']), '137');
  const { status, stdout, stderr } = await lab.berth(['kill', 'victim']);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: '' });
  assert.match(stderr, /"victim": it is not running: it has exited\nhint: berth start victim/);
});

test('signals have names with and without SIG, and numbers', async () => {
  const script = 'trap "echo hup" HUP; echo ready; while :; do sleep 0.05; done';
  await lab.ok(['run', '-d', '--name', 'hears', image, 'sh', '-c', script]);
  const seen = async (text: string): Promise<void> => {
    const follows = lab.start(['logs', '-f', 'hears']);
    await follows.seen(new RegExp(text));
    follows.child.kill();
    await follows.finished;
  };
  await seen('ready');
  for (const [index, signal] of ['HUP', 'SIGHUP', 'hup', '1'].entries()) {
    await lab.ok(['kill', '--signal', signal, 'hears']);
    await seen(`(hup\\s+){${index + 1}}`);
  }
  const { status, stderr } = await lab.berth(['kill', '-s', 'NOPE', 'hears']);
  assert.equal(status, 125);
  assert.match(stderr, /NOPE/);
});

test('--all kills what runs, and forgets what rests', async () => {
  await lab.ok(['create', image]);
  const id = await lab.ok(['inspect', '-f', '{{.Id}}', 'hears']);
  assert.equal(await lab.ok(['kill', '--all']), id);
});
