/**
 * Lists and descriptions: ps, images, inspect, top, port, logs, with filters, formats and json.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
  await lab.ok([
    'run',
    '-d',
    '--name',
    'runs',
    '--label',
    'tier=web',
    '-p',
    '127.0.0.1::80',
    image,
    'sleep',
    '1000',
  ]);
  await lab.berth([
    'run',
    '--name',
    'failed',
    image,
    'sh',
    '-c',
    'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three; exit 3',
  ]);
  await lab.ok(['create', '--name', 'made', '--label', 'tier=db', image, 'true']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('ps lists what runs, ps -a everything, newest first', async () => {
  const running = (await lab.ok(['ps'])).split('\n');
  assert.match(
    running[0] ?? '',
    /^CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES$/,
  );
  assert.equal(running.length, 2);
  assert.match(running[1] ?? '', /sleep 1000\s.*\sUp .*127\.0\.0\.1:\d+->80\/tcp\s+runs$/);
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'made\nfailed\nruns');
  assert.match(await lab.ok(['ps', '-a', '--filter', 'name=failed']), /Exited \(3\)/);
});

test('filters choose, and unknown ones are named', async () => {
  const names = async (...filters: string[]): Promise<string> =>
    lab.ok([
      'ps',
      '-a',
      '--format',
      '{{.Names}}',
      ...filters.flatMap((filter) => ['--filter', filter]),
    ]);
  assert.equal(await names('status=exited'), 'failed');
  assert.equal(await names('exited=3'), 'failed');
  assert.equal(await names('label=tier=web'), 'runs');
  assert.equal(await names('label=tier'), 'made\nruns');
  assert.equal(await names('name=^ru'), 'runs');
  assert.equal(await names('status=created', 'status=running'), 'made\nruns');
  assert.equal(await names('before=failed'), 'runs');
  assert.equal(await names(`ancestor=${image}`), 'made\nfailed\nruns');
  const { status, stderr } = await lab.berth(['ps', '--filter', 'bogus=1']);
  assert.equal(status, 125);
  assert.match(stderr, /"bogus"/);
});

test('json and templates say the same', async () => {
  const entries = JSON.parse(await lab.ok(['ps', '-a', '--format', 'json'])) as {
    Id: string;
    Names: string[];
    State: string;
    ExitCode: number;
    Labels: object;
  }[];
  assert.deepEqual(
    entries.map(({ Names }) => Names[0]),
    ['made', 'failed', 'runs'],
  );
  assert.deepEqual(
    entries.map(({ State }) => State),
    ['created', 'exited', 'running'],
  );
  assert.equal(entries[1]?.ExitCode, 3);
  const lines = await lab.ok(['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{json .Labels}}']);
  assert.equal(
    lines,
    entries.map(({ Id, Labels }) => `${Id} ${JSON.stringify(Labels)}`).join('\n'),
  );
  assert.equal(
    await lab.ok(['ps', '--format', 'table {{.Names}}\\t{{.State}}']),
    'NAMES  STATE\nruns   running',
  );
});

test('a template that is none, or asks for what is not there, is an error', async () => {
  const { status, stderr } = await lab.berth(['ps', '-a', '--format', '{{.Nmaes}}']);
  assert.equal(status, 125);
  assert.match(stderr, /Nmaes[\s\S]*Names/);
  assert.equal((await lab.berth(['ps', '--format', '{{.ID'])).status, 125);
});

test("inspect gives Podman's shape", async () => {
  const [described] = JSON.parse(await lab.ok(['inspect', 'failed'])) as [
    {
      Id: string;
      Name: string;
      State: { ExitCode: number; Status: string };
      Config: { Cmd: string[]; Labels: object };
      HostConfig: object;
      Mounts: unknown[];
    },
  ];
  assert.equal(described.Name, 'failed');
  assert.deepEqual(described.State.ExitCode, 3);
  assert.equal(described.State.Status, 'exited');
  assert.equal(
    await lab.ok(['inspect', '-f', '{{.State.Running}} {{.Config.Labels.tier}}', 'runs']),
    'true web',
  );
  const { status, stdout, stderr } = await lab.berth(['inspect', 'absent']);
  assert.deepEqual({ status, stdout }, { status: 125, stdout: '[]\n' });
  assert.match(stderr, /"absent"/);
});

test('top shows the processes, port the ports', async () => {
  assert.match(await lab.ok(['top', 'runs']), /USER\s+PID[\s\S]*root\s+1\s[\s\S]*sleep 1000/);
  assert.match(await lab.ok(['port', 'runs']), /^80\/tcp -> 127\.0\.0\.1:\d+$/);
  assert.match(await lab.ok(['port', 'runs', '80']), /^127\.0\.0\.1:\d+$/);
  assert.equal((await lab.berth(['port', 'runs', '81'])).status, 125);
});

test('logs keep the streams apart and in order', async () => {
  const { stdout, stderr } = await lab.berth(['logs', 'failed']);
  assert.deepEqual({ stdout, stderr }, { stdout: 'one\nthree\n', stderr: 'two\n' });
  assert.equal(await lab.ok(['logs', '--tail', '1', 'failed']), 'three');
  assert.match(await lab.ok(['logs', '-t', 'failed']), /^\d{4}-\d\d-\d\dT\S+ one\n/);
  assert.equal(await lab.ok(['logs', '--since', '1h', 'failed']), 'one\nthree');
  assert.equal(await lab.ok(['logs', '--until', '1h', 'failed']), '');
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

test('help is there for every command, with examples', async () => {
  const groups = ['', 'container', 'image', 'volume', 'system'];
  for (const group of groups) {
    const words = group === '' ? [] : [group];
    const listed = await lab.ok([...words, '--help']);
    for (const [, word = ''] of listed.matchAll(/^ {2}([a-z]+) {2,}/gm)) {
      if (groups.includes(word)) continue;
      const help = await lab.ok([...words, word, '--help']);
      assert.match(help, /Usage:\n {2}berth /, `${group} ${word}`);
      assert.match(help, /Examples:/, `${group} ${word}`);
    }
  }
});
