/**
 * The life of a container: create, start, stop, restart, kill, wait, rename, rm, prune.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});

async function stateOf(name: string): Promise<string> {
  return lab.ok(['inspect', '--type', 'container', '-f', '{{.State.Status}}', name]);
}

test('a container is created, started, ends and is started again', async () => {
  const id = await lab.ok([
    'create',
    '--name',
    'life',
    image,
    'sh',
    '-c',
    'echo run >>/log; cat /log',
  ]);
  assert.equal(await stateOf('life'), 'created');
  assert.equal(await lab.ok(['start', 'life']), 'life');
  assert.equal(await lab.ok(['wait', 'life']), '0');
  assert.equal(await stateOf('life'), 'exited');
  const { status, stdout } = await lab.berth(['start', '--attach', 'life']);
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'run\nrun\n' });
  assert.equal(await lab.ok(['rm', id.slice(0, 6)]), id.slice(0, 6));
});

test('stop asks politely, then kills after the time-out', async () => {
  const polite = 'trap "exit 42" TERM; while :; do sleep 0.1; done';
  await lab.ok(['run', '-d', '--name', 'polite', image, 'sh', '-c', polite]);
  await lab.ok(['run', '-d', '--name', 'stubborn', image, 'sh', '-c', 'trap "" TERM; sleep 1000']);
  const { status, stdout } = await lab.berth(['stop', '-t', '1', 'polite', 'stubborn']);
  assert.equal(status, 0);
  assert.deepEqual(stdout.trim().split('\n'), ['polite', 'stubborn']);
  assert.equal(await lab.ok(['wait', 'polite', 'stubborn']), '42\n137');
  assert.equal((await lab.berth(['stop', 'polite'])).status, 0, 'stopping what rests is no error');
  await lab.ok(['rm', 'polite', 'stubborn']);
});

test('--stop-signal is the one that stop sends', async () => {
  await lab.ok([
    'run',
    '-d',
    '--stop-signal',
    'USR1',
    '--name',
    'usr1',
    image,
    'sh',
    '-c',
    'trap "exit 11" USR1; while :; do sleep 0.1; done',
  ]);
  await lab.ok(['stop', 'usr1']);
  assert.equal(await lab.ok(['wait', 'usr1']), '11');
  await lab.ok(['rm', 'usr1']);
});

test('kill sends the signal named, restart gives a new process', async () => {
  await lab.ok(['run', '-d', '--name', 'victim', image, 'sleep', '1000']);
  const pid = await lab.ok(['inspect', '-f', '{{.State.Pid}}', 'victim']);
  await lab.ok(['restart', '-t', '0', 'victim']);
  assert.notEqual(await lab.ok(['inspect', '-f', '{{.State.Pid}}', 'victim']), pid);
  await lab.ok(['kill', '-s', 'KILL', 'victim']);
  assert.equal(await lab.ok(['wait', 'victim']), '137');
  const { status, stderr } = await lab.berth(['kill', 'victim']);
  assert.equal(status, 125);
  assert.match(stderr, /victim/);
  await lab.ok(['rm', 'victim']);
});

test('rm refuses what runs, unless forced', async () => {
  await lab.ok(['run', '-d', '--name', 'running', image, 'sleep', '1000']);
  const { status, stderr } = await lab.berth(['rm', 'running']);
  assert.equal(status, 2);
  assert.match(stderr, /running[\s\S]*hint: .*(stop|force)/);
  assert.equal(await lab.ok(['rm', '-f', '-t', '0', 'running']), 'running');
});

test('several arguments are each handled, and the status tells that one failed', async () => {
  await lab.ok(['create', '--name', 'one', image]);
  await lab.ok(['create', '--name', 'two', image]);
  const { status, stdout, stderr } = await lab.berth(['rm', 'one', 'absent', 'two']);
  assert.notEqual(status, 0);
  assert.equal(stdout, 'one\ntwo\n');
  assert.match(stderr, /"absent": no such container/);
});

test('rename keeps the container and frees the old name', async () => {
  await lab.ok(['create', '--name', 'old', image]);
  await lab.ok(['rename', 'old', 'new']);
  assert.equal((await lab.berth(['container', 'exists', 'old'])).status, 1);
  assert.equal((await lab.berth(['container', 'exists', 'new'])).status, 0);
  await lab.ok(['create', '--name', 'old', image]);
  const { status } = await lab.berth(['rename', 'old', 'new']);
  assert.equal(status, 125);
  await lab.ok(['rm', 'old', 'new']);
});

test('an id may be shortened, unless it means two containers', async () => {
  const ids = await Promise.all(Array.from({ length: 17 }, async () => lab.ok(['create', image])));
  const letters = ids.map((id) => id.slice(0, 1));
  const twice = letters.find((letter, index) => letters.indexOf(letter) !== index) ?? '';
  const { status, stderr } = await lab.berth(['inspect', twice]);
  assert.equal(status, 125);
  assert.match(stderr, new RegExp(`"${twice}"`));
  assert.equal((await lab.ok(['rm', ...ids])).split('\n').length, 17);
});

test('container prune removes what rests and keeps what runs', async () => {
  await lab.ok(['run', '-d', '--name', 'keeps', image, 'sleep', '1000']);
  const id = await lab.ok(['create', image]);
  const { stdout } = await lab.berth(['container', 'prune'], { input: 'n\n' });
  assert.equal(stdout, '');
  assert.equal(await lab.ok(['container', 'prune', '-f']), id);
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'keeps');
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
});

test('two starts at once: the container runs once', async () => {
  await lab.ok(['create', '--name', 'race', image, 'sleep', '1000']);
  const results = await Promise.all([1, 2, 3, 4].map(async () => lab.berth(['start', 'race'])));
  assert.ok(results.some(({ status }) => status === 0));
  assert.equal(await stateOf('race'), 'running');
  const inside = await lab.ok(['top', 'race', 'pid']);
  assert.equal(inside.split('\n').length, 2);
  await lab.ok(['rm', '-f', '-t', '0', 'race']);
});

test('stop and rm at once: it is gone and neither hangs', async () => {
  await lab.ok(['run', '-d', '--name', 'both', image, 'sleep', '1000']);
  await Promise.all([
    lab.berth(['stop', '-t', '0', 'both']),
    lab.berth(['rm', '-f', '-t', '0', 'both']),
  ]);
  assert.equal((await lab.berth(['container', 'exists', 'both'])).status, 1);
});
