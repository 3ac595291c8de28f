/**
 * `berth start`: containers that rest run again, in the background or attached.
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

async function stateOf(name: string): Promise<string> {
  return lab.ok(['inspect', '--type', 'container', '-f', '{{.State.Status}}', name]);
}

test('a container is created, started, ends and is started again', async () => {
  const script = 'echo run >>/log; cat /log';
  const id = await lab.ok(['create', '--name', 'life', image, 'sh', '-c', script]);
  assert.equal(await stateOf('life'), 'created');
  assert.equal(await lab.ok(['start', 'life']), 'life');
  assert.equal(await lab.ok(['wait', 'life']), '0');
  assert.equal(await stateOf('life'), 'exited');
  const { status, stdout } = await lab.berth(['start', '--attach', 'life']);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'run\nrun\n' });
  assert.equal(await lab.ok(['rm', id.slice(0, 6)]), id.slice(0, 6));
});

test('start --attach gives the status of the container, -i its input', async () => {
  await lab.ok(['create', '-i', '--name', 'reader', image, 'sh', '-c', 'cat; exit 3']);
  const { status, stdout } = await lab.berth(['start', '-a', '-i', 'reader'], { input: 'typed' });
  assert.deepEqual({ status, stdout }, { status: 3, stdout: 'typed' });
});

test('several are started, each by its word; what is absent fails the whole', async () => {
  await lab.ok(['create', '--name', 'a', image, 'sleep', '1000']);
  await lab.ok(['create', '--name', 'b', image, 'sleep', '1000']);
  const { status, stdout, stderr } = await lab.berth(['start', 'a', 'absent', 'b']);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: 'a\nb\n' });
  assert.match(stderr, /^Error: .*"absent": no such container/);
  assert.equal(await lab.ok(['start', 'a']), 'a', 'what runs stays as it is');
});

test('--latest and --filter choose', async () => {
  const id = await lab.ok(['create', '--label', 'role=last', image, 'sleep', '1000']);
  assert.equal(await lab.ok(['start', '--latest']), id);
  await lab.ok(['stop', '-t', '0', id]);
  assert.equal(await lab.ok(['start', '--filter', 'label=role=last']), id);
});

test('a missing program is told by start, with the status of run', async () => {
  await lab.ok(['create', '--name', 'wrong', image, '/no/such']);
  const { status, stderr } = await lab.berth(['start', 'wrong']);
  assert.equal(status, 127);
  assert.match(stderr, /"\/no\/such"/);
  assert.equal((await lab.berth(['start', '-a', 'wrong'])).status, 127);
});

test('two starts at once: the container runs once', async () => {
  await lab.ok(['create', '--name', 'race', image, 'sleep', '1000']);
  const results = await Promise.all([1, 2, 3, 4].map(async () => lab.berth(['start', 'race'])));
  assert.ok(results.some(({ status }) => status === 0));
  assert.equal(await stateOf('race'), 'running');
  const inside = await lab.ok(['top', 'race', 'pid']);
  assert.equal(inside.split('\n').length, 2);
});
