/**
 * `berth exec`: more processes in a running container.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { openLab } from './harness.ts';

const lab = openLab();
before(async () => {
  const image = await lab.image();
  await lab.ok([
    'run',
    '-d',
    '--name',
    'box',
    '-e',
    'FROM_RUN=1',
    '-w',
    '/tmp',
    image,
    'sleep',
    '1000',
  ]);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('exec runs in the container, with its environment and folder', async () => {
  assert.equal(
    await lab.ok(['exec', 'box', 'sh', '-c', 'echo $FROM_RUN $PWD; hostname']),
    `1 /tmp\n${(await lab.ok(['ps', '-q'])).slice(0, 12)}`,
  );
});

test('exec gives the exit status of the command, 127 and 126 as run does', async () => {
  assert.equal((await lab.berth(['exec', 'box', 'sh', '-c', 'exit 5'])).status, 5);
  assert.equal((await lab.berth(['exec', 'box', 'no-such'])).status, 127);
  assert.equal((await lab.berth(['exec', 'box', '/etc/passwd'])).status, 126);
  assert.equal((await lab.berth(['exec', 'box', 'sh', '-c', 'kill -9 $$'])).status, 137);
});

test('exec -i passes standard input on, without it there is none', async () => {
  const { stdout } = await lab.berth(['exec', '-i', 'box', 'cat'], { input: 'through' });
  assert.equal(stdout, 'through');
  assert.equal((await lab.berth(['exec', 'box', 'cat'], { input: 'lost' })).stdout, '');
});

test('exec -t gives a terminal', async () => {
  const { stdout } = await lab.terminal(['exec', '-it', 'box', 'tty']);
  assert.match(stdout, /\/dev\/pts\/\d/);
});

test('a terminal without input gives all output and the status, each time', async () => {
  for (const flags of ['-t', '-it', '-t', '-it', '-t', '-it']) {
    const { status, stdout, stderr } = await lab.berth(
      ['exec', flags, 'box', 'sh', '-c', 'seq 20000; exit 9'], { input: '' });
    assert.deepEqual({ status, stderr }, { status: 9, stderr: '' });
    assert.equal(stdout, Array.from({ length: 20000 }, (_, i) => `${i + 1}\r\n`).join(''));
  }
});

test('exec -e, -u and -w', { skip: missing.subordinateIds }, async () => {
  assert.equal(
    await lab.ok([
      'exec',
      '-e',
      'A=b',
      '-u',
      'user',
      '-w',
      '/home',
      'box',
      'sh',
      '-c',
      'echo $A $PWD; id -u',
    ]),
    'b /home\n1000',
  );
});

test('exec -d comes back at once and the process goes on', async () => {
  const script = 'sleep 0.3; echo done >/tmp/later';
  assert.match(await lab.ok(['exec', '-d', 'box', 'sh', '-c', script]), /^[0-9a-f]{64}$/);
  const wait = 'until test -s /tmp/later; do sleep 0.1; done; cat /tmp/later';
  assert.equal(await lab.ok(['exec', 'box', 'timeout', '20', 'sh', '-c', wait]), 'done');
});

test("exec has the container's restrictions", async () => {
  const of = async (...words: string[]): Promise<string> =>
    lab.ok([...words, 'sh', '-c', 'grep -E "^(CapEff|CapBnd|Seccomp):" /proc/self/status']);
  assert.equal(await of('exec', 'box'), await of('exec', 'box'));
  const first = await lab.ok([
    'exec',
    'box',
    'grep',
    '-E',
    '^(CapEff|CapBnd|Seccomp):',
    '/proc/1/status',
  ]);
  assert.equal(await of('exec', 'box'), first);
});

test('exec in what does not run says what to do', async () => {
  await lab.ok(['create', '--name', 'resting', 'localhost/busybox', 'true']);
  const cases: [words: string[], status: number, purpose: string][] = [
    [['exec', 'resting', 'true'], 255, 'exec in'],
    [['exec', '-d', 'resting', 'true'], 125, 'exec in'],
    [['attach', 'resting'], 125, 'attach to'], [['top', 'resting'], 125, 'show the processes of'],
    [['top', 'resting', '-ef'], 125, 'show the processes of'],
  ];
  for (const [words, expected, purpose] of cases) {
    const { status, stdout, stderr } = await lab.berth(words);
    assert.deepEqual([status, stdout], [expected, ''], words.join(' '));
    assert.equal(stderr, `Error: ${purpose} container "resting": it was not started yet\n` +
      'hint: berth start resting\n');
  }
});

test('exec opens nothing of the host to the process', async () => {
  const listed = await lab.ok(['exec', 'box', 'sh', '-c', 'ls /proc/self/fd']);
  assert.deepEqual(listed.split('\n'), ['0', '1', '2', '3']);
});

test('many execs at once all come back', async () => {
  const statuses = await Promise.all(
    Array.from(
      { length: 12 },
      async (_, index) => (await lab.berth(['exec', 'box', 'sh', '-c', `exit ${index}`])).status,
    ),
  );
  assert.deepEqual(
    statuses,
    Array.from({ length: 12 }, (_, index) => index),
  );
});

test('--preserve-fds passes descriptors on under their numbers, with a terminal too', async () => {
  const inShell = async (flags: string): Promise<string> => {
    const script = 'cat <&3; cat <&5; ls /proc/$$/fd';
    const { status, stdout } = await lab.inShell(
      `echo third >three; exec 3<three 4<three 5<three; ` +
        `${lab.command.join(' ')} exec ${flags} box sh -c '${script}'`,
    );
    assert.equal(status, 0);
    return stdout.replaceAll('\r', '').trim().split(/\s+/).join(' ');
  };
  assert.match(await inShell('--preserve-fds 3'), /^third third 0 1 2 3 4 5( \d+)?$/);
  assert.match(await inShell('-t --preserve-fd 3,5'), /^third third 0 1 2 3 4 5( \d+)?$/);
});
