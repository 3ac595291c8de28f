/**
 * `berth top` and `berth port`: the processes and the published ports of a container.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
  const run = ['run', '-d', '--name', 'runs', '-p', '127.0.0.1::80', '-p', '127.0.0.1::53/udp'];
  await lab.ok([...run, image, 'sh', '-c', 'sleep 1000 & wait']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('top shows the processes with the usual columns', async () => {
  const [titles = '', ...rows] = (await lab.ok(['top', 'runs'])).split('\n');
  assert.match(titles, /^USER +PID +PPID +%CPU +ELAPSED +TTY +TIME +COMMAND$/);
  assert.match(rows[0] ?? '', /^root +1 +0 .* sh -c sleep 1000 & wait$/);
  assert.match(rows[1] ?? '', /^root +\d+ +1 .* sleep 1000$/);
});

test('top takes descriptors, also in one word, and options of ps', async () => {
  assert.match(await lab.ok(['top', 'runs', 'pid', 'comm']), /^PID +COMMAND\n1 +sh\n/);
  assert.match(await lab.ok(['top', 'runs', 'pid,seccomp,label']), /\n1 +filter +\?\n/);
  assert.match(await lab.ok(['top', 'runs', 'pid,rss']), /^PID +RSS\n1 +[1-9]\d*\n/);
  assert.match(await lab.ok(['top', 'runs', '%p', '%c']), /^PID +COMMAND\n1 +sh\n/);
  assert.match(await lab.ok(['top', 'runs', '-o', 'pid,args']), /1 sh -c/);
  const began = /\n(\S+ \S+ \+0000) UTC\n/.exec(await lab.ok(['top', 'runs', 'stime']))?.[1] ?? '';
  assert.ok(Math.abs(Date.now() - Date.parse(began)) < 600_000, began);
  const { status, stderr } = await lab.berth(['top', 'runs', 'bogus']);
  assert.equal(status, 125);
  assert.match(stderr, /"bogus"/);
});

test('port lists the published ports, or one of them', async () => {
  assert.match(await lab.ok(['port', 'runs']),
    /^80\/tcp -> 127\.0\.0\.1:\d+\n53\/udp -> 127\.0\.0\.1:\d+$/);
  assert.match(await lab.ok(['port', 'runs', '80']), /^127\.0\.0\.1:\d+$/);
  assert.match(await lab.ok(['port', 'runs', '53/udp']), /^127\.0\.0\.1:\d+$/);
  assert.match(await lab.ok(['port', '--all']), /^[0-9a-f]{12}\t80\/tcp -> /);
  assert.equal((await lab.berth(['port', 'runs', '81'])).status, 125);
});
