/**
 * `berth logs`: streams, order, what is chosen of it, and the drivers that keep it.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { execute } from './execute.ts';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
  const script = 'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three';
  await lab.ok(['run', '--name', 'said', image, 'sh', '-c', script]);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('logs keep the streams apart and in order', async () => {
  const { stdout, stderr } = await lab.berth(['logs', 'said']);
  assert.deepEqual({ stdout, stderr }, { stdout: 'one\nthree\n', stderr: 'two\n' });
  assert.match(await lab.ok(['logs', '-t', 'said']), /^\d{4}-\d\d-\d\dT[\d:.]+Z one\n/);
});

test('--tail, --since and --until choose', async () => {
  assert.equal(await lab.ok(['logs', '--tail', '1', 'said']), 'three');
  assert.equal(await lab.ok(['logs', '--tail=0', 'said']), '');
  for (const all of ['-1', 'all', '100']) {
    assert.equal(await lab.ok(['logs', `--tail=${all}`, 'said']), 'one\nthree');
  }
  assert.equal(await lab.ok(['logs', '--since', '1h', 'said']), 'one\nthree');
  assert.equal(await lab.ok(['logs', '--until', '2020-01-01T00:00:00Z', 'said']), '');
  assert.equal(await lab.ok(['logs', '--until', '1h', 'said']), 'one\nthree', 'as in Podman');
  const { status, stderr } = await lab.berth(['logs', '--tail', 'few', 'said']);
  assert.equal(status, 125);
  assert.match(stderr, /invalid argument "few" for "--tail"/);
});

test('without --follow logs end, however fast the container writes', async () => {
  await lab.ok(['run', '-d', '--name', 'fast', '--network=none', image,
    'sh', '-c', 'while :; do echo y; done']);
  const followed = lab.start(['logs', '-f', '--tail', '0', 'fast']);
  await followed.seen(/y\ny\ny/);
  const tail = await lab.ok(['logs', '--tail', '3', 'fast'], { timeoutMs: 20_000 });
  assert.equal(tail, 'y\ny\ny', 'none of what came meanwhile');
  await lab.ok(['logs', '--since', '2100-01-01T00:00:00Z', 'fast'], { timeoutMs: 20_000 });
  await lab.ok(['kill', 'fast']);
  await followed.finished;
  assert.equal(await lab.ok(['logs', '--tail', '3', 'fast']), 'y\ny\ny');
  await lab.ok(['rm', '-f', '-t', '0', 'fast']);
});

test('lines of several containers begin with ids, with --names with names', async () => {
  await lab.ok(['run', '--name', 'too', image, 'echo', 'hi']);
  const id = (await lab.ok(['inspect', '-f', '{{.Id}}', 'too'])).slice(0, 12);
  assert.match(await lab.ok(['logs', 'said', 'too']), new RegExp(`three\n${id} hi$`));
  assert.match(await lab.ok(['logs', '-n', 'said', 'too']), /^said one\nsaid three\ntoo hi$/);
  assert.equal(await lab.ok(['logs', '-n', 'too']), 'hi');
});

test('each of several is handled, and the status tells that one failed', async () => {
  const { status, stdout, stderr } = await lab.berth(['logs', 'absent', 'said']);
  assert.equal(status, 125);
  assert.match(stdout + stderr, /no such container/);
});

test('logs --follow goes on until the container ends', async () => {
  await lab.ok([
    'run',
    '-d',
    '--name',
    'counts',
    image,
    'sh',
    '-c',
    'for i in 1 2 3; do echo $i; sleep 0.2; done',
  ]);
  const { stdout } = await lab.berth(['logs', '--follow', 'counts']);
  assert.equal(stdout, '1\n2\n3\n');
});

test('logs --follow of several containers shows each line of each once', async () => {
  const script = 'for i in 1 2 3; do echo $0 $i; sleep 0.2; done';
  for (const name of ['left', 'right']) {
    await lab.ok(['run', '-d', '--name', name, image, 'sh', '-c', script, name]);
  }
  const lines = (await lab.ok(['logs', '--follow', '--names', 'left', 'right'])).split('\n');
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(name));
  assert.equal(lines.length, 6);
  for (const name of ['left', 'right']) {
    assert.deepEqual(of(name), [1, 2, 3].map((n) => `${name} ${name} ${n}`));
  }
});

test('logs --follow shows what is rotated away while it looks elsewhere', async () => {
  const script = 'sleep 0.5; seq 20000; sleep 0.5; seq 20001 30000';
  for (const driver of ['k8s-file', 'json-file']) {
    const log = ['--log-driver', driver, '--log-opt', 'max-size=50k', '--log-opt', 'max-file=99'];
    await lab.ok(['run', '-d', '--name', driver, ...log, image, 'sh', '-c', script]);
    const lines = (await lab.ok(['logs', '--follow', driver])).split('\n');
    assert.deepEqual(lines, Array.from({ length: 30_000 }, (_, index) => String(index + 1)));
  }
});

test("max-size keeps the log small, json-file has Docker's form", async () => {
  await lab.ok([
    'run',
    '--name',
    'chatty',
    '--log-opt',
    'max-size=10k',
    '--log-opt',
    'max-file=2',
    image,
    'sh',
    '-c',
    'for i in $(seq 5000); do echo line $i; done',
  ]);
  const kept = (await lab.ok(['logs', 'chatty'])).split('\n');
  assert.ok(kept.length < 1000);
  assert.equal(kept.at(-1), 'line 5000');
  await lab.ok(['run', '--name', 'json', '--log-driver', 'json-file', image, 'echo', 'as json']);
  assert.equal(await lab.ok(['logs', 'json']), 'as json');
  await lab.ok(['run', '--name', 'none', '--log-driver', 'none', image, 'echo', 'gone']);
  const { status, stderr } = await lab.berth(['logs', 'none']);
  assert.equal(status, 125);
  assert.match(stderr, /log/);
});

test('a log that could not take all output says so', async () => {
  const args = ['run', '-d', '--network', 'none', '--name', 'cut', image];
  const script = 'ulimit -f 64; exec "$@"';
  const words = ['-c', script, 'sh', ...lab.command, ...args, 'seq', '100000'];
  const { status, stderr } = await execute(['sh', ...words], { env: lab.environment });
  assert.equal(status, 0, stderr);
  assert.equal(await lab.ok(['wait', 'cut']), '0');
  const logs = await lab.berth(['logs', 'cut']);
  assert.match(logs.stdout, /^1\n2\n/);
  assert.match(logs.stderr, /^Warning: write log ".*\/log": file too large: not all output was/im);
  assert.match(await lab.ok(['inspect', '-f', '{{.State.Error}}', 'cut']), /^write log /);
});

test('of a container whose output goes to its caller alone, logs and attach say so', async () => {
  const script = 'echo started; exec sleep 1000';
  const started = lab.start(['run', '--rm', '--name', 'handed', image, 'sh', '-c', script]);
  await started.seen(/started/);
  for (const [command, verb] of [['logs', 'read the log of'], ['attach', 'attach to']] as const) {
    const { status, stdout, stderr } = await lab.berth([command, 'handed']);
    assert.deepEqual({ status, stdout }, { status: 125, stdout: '' });
    assert.match(stderr, new RegExp(`${verb} container "handed": .*\\nhint: .*--log-driver`));
  }
  await lab.ok(['rm', '-f', '-t', '0', 'handed']);
  await started.finished;
});
