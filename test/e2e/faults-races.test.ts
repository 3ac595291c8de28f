/**
 * Two commands on one container at once: each ends, says what it met, and no container runs that
 * no command knows of.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from './harness.ts';
import { processesOf } from './leaks.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const NO_BUG = /bug in berth|bad file descriptor|unexpectedly/;

/** Runs commands at once, each so many milliseconds after the first. */
async function atOnce(...commands: [delayMs: number, ...args: string[]][]): Promise<number[]> {
  const results = await Promise.all(commands.map(async ([delayMs, ...args]) => {
    await sleep(delayMs);
    return lab.berth(args);
  }));
  for (const { stderr } of results) assert.doesNotMatch(stderr, NO_BUG);
  return results.map(({ status }) => status);
}

/** A supervisor without a container in the list would be one that nobody can stop. */
async function requireNothingHidden(): Promise<void> {
  const listed = (await lab.ok(['ps', '-q', '--no-trunc'])).split('\n').filter((id) => id !== '');
  const hidden = processesOf(lab.folder).filter(({ what }) =>
    what.includes('supervise') && !listed.some((id) => what.includes(id)));
  assert.deepEqual(hidden, []);
}

function run(name: string, ...flags: string[]): string[] {
  return ['run', '-d', '--network', 'none', '--name', name, ...flags, image, 'sleep', '1000'];
}

test('starts at once: each succeeds, and the container runs once', async () => {
  await lab.ok(['create', '--network', 'none', '--name', 'starts', image, 'sleep', '1000']);
  const start: [number, ...string[]] = [0, 'start', 'starts'];
  assert.deepEqual(await atOnce(start, start, start, start, start), [0, 0, 0, 0, 0]);
  assert.equal((await lab.ok(['top', 'starts', 'pid'])).split('\n').length, 2);
  await lab.ok(['rm', '-f', '-t', '0', 'starts']);
});

test('rm beside start: it runs and is kept, or is gone', async () => {
  for (const delayMs of [0, 8, 16, 24]) {
    await lab.ok(['create', '--network', 'none', '--name', 'pair', image, 'sleep', '1000']);
    const [, removed] = await atOnce([0, 'start', 'pair'], [delayMs, 'rm', 'pair']);
    const exists = (await lab.berth(['container', 'exists', 'pair'])).status === 0;
    assert.equal(exists, removed !== 0);
    await requireNothingHidden();
    await lab.ok(['rm', '-f', '-t', '0', 'pair']);
  }
});

test('rm -f at any moment of run -d: nothing goes on running unseen', async () => {
  for (const delayMs of [10, 25, 40, 55, 80]) {
    await atOnce([0, ...run('flash')], [delayMs, 'rm', '-f', '-t', '0', 'flash']);
    await requireNothingHidden();
    await lab.ok(['rm', '-f', '-t', '0', 'flash']);
  }
});

test('rm -f, rm -f, stop and exec at once: all end, and it is gone', async () => {
  await lab.ok(run('crowd'));
  const [first, second] = await atOnce([0, 'rm', '-f', '-t', '0', 'crowd'],
    [0, 'rm', '-f', '-t', '0', 'crowd'], [0, 'stop', '-t', '0', 'crowd'],
    [0, 'exec', 'crowd', 'sleep', '1000'], [0, 'rename', 'crowd', 'mob']);
  assert.deepEqual([first, second], [0, 0]);
  await lab.ok(['rm', '-f', '-t', '0', 'crowd', 'mob']);
  await requireNothingHidden();
});

test('a restart right after a restart waits for the end of the run before', async () => {
  await lab.ok(run('again'));
  for (let left = 5; left > 0; left--) await lab.ok(['restart', '-t', '0', 'again']);
  await atOnce([0, 'restart', '-t', '0', 'again'], [3, 'restart', '-t', '0', 'again']);
  assert.equal((await lab.ok(['top', 'again', 'pid'])).split('\n').length, 2);
  await lab.ok(['rm', '-f', '-t', '0', 'again']);
});

test('exec of a container that is stopped meanwhile ends with it', async () => {
  await lab.ok(run('short'));
  const running = lab.start(['exec', 'short', 'sh', '-c', 'echo up; sleep 1000']);
  await running.seen(/up/);
  await lab.ok(['stop', '-t', '0', 'short']);
  assert.equal((await running.finished).status, 137);
  await lab.ok(['rm', 'short']);
});

test('twenty who want one name: one gets it, the others hear so', async () => {
  const create: [number, ...string[]] = [0, 'create', '--name', 'wanted', image];
  const statuses = await atOnce(...Array.from({ length: 20 }, () => create));
  assert.equal(statuses.filter((status) => status === 0).length, 1);
  assert.equal(statuses.filter((status) => status === 125).length, 19);
  await lab.ok(['rm', 'wanted']);
});

test('run --replace at once: one is left and runs', async () => {
  const statuses = await atOnce(...Array.from({ length: 4 }, (): [number, ...string[]] =>
    [0, ...run('newest', '--replace', '--stop-timeout', '0')]));
  assert.ok(statuses.includes(0));
  assert.equal((await lab.ok(['ps', '-a', '--format', '{{.Names}}'])), 'newest');
  await requireNothingHidden();
  await lab.ok(['rm', '-f', '-t', '0', 'newest']);
});

test('volume create and volume rm at once leave a volume or none', async () => {
  const statuses = await atOnce([0, 'volume', 'create', 'v'], [0, 'volume', 'create', 'v'],
    [5, 'volume', 'rm', 'v'], [5, 'volume', 'rm', 'v'], [0, ...run('uses', '-v', 'v:/v')]);
  assert.ok(statuses.length === 5);
  await lab.ok(['rm', '-f', '-t', '0', 'uses']);
  await lab.berth(['volume', 'rm', 'v']);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), '');
});

test('rmi and prune beside run: what runs keeps its layers', async () => {
  const other = await lab.image({ name: 'localhost/other:1', layers: [{ '/only': 'here' }] });
  const [started] = await atOnce(
    [0, 'run', '-d', '--network', 'none', '--name', 'keeps', other, 'sleep', '1000'],
    [0, 'rmi', other], [0, 'system', 'prune', '-a', '-f'], [10, 'system', 'prune', '-a', '-f']);
  if (started === 0) {
    const { status } = await lab.berth(['exec', 'keeps', 'cat', '/only']);
    const isThere = (await lab.berth(['container', 'exists', 'keeps'])).status === 0;
    assert.equal(status === 0, isThere);
  }
  await lab.ok(['rm', '-f', '-t', '0', 'keeps']);
  image = await lab.image();
});

/** Whoever is to reap it may take a while. */
async function untilEnded(pid: string): Promise<void> {
  for (let left = 200; left > 0; left -= 1) {
    if (!existsSync(`/proc/${pid}`) || /^State:\tZ/m.test(statusOf(pid))) return;
    await sleep(50);
  }
  assert.fail(`process ${pid} is there: ${statusOf(pid)}`);
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return 'State:\tZ (gone)';
  }
}

test('a stopped supervisor: exec says which, stop and rm -f get through', async () => {
  await lab.ok(run('stuck'));
  const pid = await lab.ok(['inspect', '-f', '{{.State.ConmonPid}}', 'stuck']);
  const init = await lab.ok(['inspect', '-f', '{{.State.Pid}}', 'stuck']);
  process.kill(Number(pid), 'SIGSTOP');
  const { status, stderr } = await lab.berth(['exec', 'stuck', 'true'], { timeoutMs: 10_000 });
  assert.equal(status, 125);
  assert.match(stderr, new RegExp(`process ${pid}: it is stopped\nhint: kill -CONT ${pid}`));
  assert.match(await lab.ok(['ps'], { timeoutMs: 10_000 }), /stuck/);
  await lab.ok(['rm', '-f', '-t', '0', 'stuck'], { timeoutMs: 10_000 });
  for (const ended of [pid, init]) await untilEnded(ended);
});
