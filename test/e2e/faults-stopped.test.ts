/**
 * A supervisor that someone has stopped (SIGSTOP): every command ends in a bounded time, says which
 * process stands still and how it goes on, and `rm -f` gets through.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const timeoutMs = 40_000;
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** The container `stuck` runs, and its supervisor stands still. Gives the supervisor's pid. */
async function stuck(): Promise<number> {
  const run = ['run', '-d', '--network', 'none', '--name', 'stuck', image];
  await lab.ok([...run, 'sh', '-c', 'echo said; exec sleep 1000']);
  const pid = Number(await lab.ok(['inspect', '-f', '{{.State.ConmonPid}}', 'stuck']));
  process.kill(pid, 'SIGSTOP');
  return pid;
}

async function removed(): Promise<void> {
  await lab.ok(['rm', '-f', '-t', '0', 'stuck'], { timeoutMs });
}

test('what only looks, and what works on files, does not need it', async () => {
  await stuck();
  const looks = [
    ['ps'], ['inspect', 'stuck'], ['port', 'stuck'], ['logs', 'stuck'], ['diff', 'stuck'],
    ['export', '-o', 'files.tar', 'stuck'], ['rename', 'stuck', 'other'],
    ['rename', 'other', 'stuck'], ['start', 'stuck'], ['container', 'exists', 'stuck'],
    ['top', 'stuck'],
    ['commit', '-q', '--pause=false', 'stuck', 'localhost/stuck:1'],
  ];
  for (const args of looks) await lab.ok(args, { timeoutMs });
  await lab.ok(['rmi', 'localhost/stuck:1']);
  await removed();
});

test('what asks it for something says which process is stopped', async () => {
  const pid = await stuck();
  for (const args of [['exec', 'stuck', 'true'], ['exec', '-d', 'stuck', 'true'],
    ['attach', '--no-stdin', 'stuck']]) {
    const { status, stderr } = await lab.berth(args, { timeoutMs });
    assert.equal(status, 125, args.join(' '));
    assert.match(stderr, new RegExp(`process ${pid}: it is stopped\nhint: kill -CONT ${pid}`));
  }
  await removed();
});

test('what waits for its end says why it may wait long', async () => {
  const pid = await stuck();
  const waiting = [['wait', 'stuck'], ['logs', '-f', 'stuck']]
    .map((args) => lab.start(args, { timeoutMs }));
  await Promise.all(waiting.map(async ({ child, finished }) =>
    Promise.race([finished, once(child.stderr, 'data')])));
  process.kill(Number(await lab.ok(['inspect', '-f', '{{.State.Pid}}', 'stuck'])), 'SIGKILL');
  process.kill(pid, 'SIGCONT');
  for (const { status, stderr } of await Promise.all(waiting.map(({ finished }) => finished))) {
    assert.equal(status, 0);
    assert.match(stderr, new RegExp(`supervisor is stopped \\(kill -CONT ${pid}\\)`));
  }
  await removed();
});

test('what ends a container wakes it, and says so', async () => {
  for (const args of [['stop', '-t', '0', 'stuck'], ['kill', 'stuck'],
    ['restart', '-t', '0', 'stuck'], ['rm', '-f', '-t', '0', 'stuck']]) {
    const pid = await stuck();
    const { status, stderr } = await lab.berth(args, { timeoutMs });
    assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, new RegExp(`process ${pid}\\) was stopped: it goes on now`));
    await removed();
  }
});

test('rm without force refuses a container that runs, as always', async () => {
  await stuck();
  assert.equal((await lab.berth(['rm', 'stuck'], { timeoutMs })).status, 2);
  await removed();
});
