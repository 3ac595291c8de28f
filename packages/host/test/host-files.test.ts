/** Tests of the parsers of system files, and of looking at processes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import {
  currentAccount, fileSystemName, findMapHelpers, isAlive, parseLimits, parsePasswd,
  parseProcessStat, parseSubordinateIds, probeHost, readHostFacts, readResourceLimits,
  readStartTime, signalProcess,
} from '../src/index.ts';

const account = { name: 'ann', uid: 1001 };

test('subordinate ids are found by name and by uid, in order', () => {
  const text = 'bob:1:5\nann:100000:65536\n1001:300000:10\n# ann:7:7\n';
  assert.deepEqual(parseSubordinateIds(text, account), [
    { start: 100000, count: 65536 },
    { start: 300000, count: 10 },
  ]);
});

const badRanges = [
  'ann:0:10', 'ann:100:0', 'ann:4294967290:10', 'ann:4294967295:1', 'ann:-1:5', 'ann:1e3:5',
  'ann:100', 'ann:100:5:6', 'ann:99999999999:1', 'anna:100:5', ':100:5',
];
for (const line of badRanges) {
  test(`the subordinate id line "${line}" gives nothing`, () => {
    assert.deepEqual(parseSubordinateIds(line, account), []);
  });
}

test('a range that overlaps an earlier one is left out', () => {
  assert.deepEqual(parseSubordinateIds('ann:100:50\nann:149:10\nann:150:10', account), [
    { start: 100, count: 50 },
    { start: 150, count: 10 },
  ]);
});

test('map helpers are only found in absolute directories', () => {
  const found = findMapHelpers(true, '.:bin');
  if (found !== undefined) assert.match(found.newuidmap, /^\/.*newuidmap$/);
});

test('a process name with blanks and parentheses does not shift the fields', () => {
  const rest = 'S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20';
  assert.deepEqual(parseProcessStat(`7 (a) R 9 (b)) ${rest}`), {
    state: 'S', parentPid: 1, startTime: '4242',
  });
  assert.equal(parseProcessStat('7 (short) S 1'), undefined);
});

test('this process is alive under its own start time and no other', () => {
  const startTime = readStartTime(process.pid);
  assert(startTime !== undefined);
  assert(isAlive(process.pid, startTime));
  assert(!isAlive(process.pid, `${startTime}1`));
  assert.equal(readStartTime(-1), undefined);
});

test('a signal reaches the recorded process and never one with another start time', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const startTime = readStartTime(pid) ?? '';
  assert.equal(signalProcess(pid, '1', 15), false);
  assert(isAlive(pid, startTime));
  assert.equal(signalProcess(pid, startTime, 15), true);
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGTERM');
  assert.equal(signalProcess(pid, startTime, 15), false);
});

test('passwd lines that are not whole are left out', () => {
  const text = 'ann:x:1001:1002:Ann:/home/ann:/bin/sh\nbad:x:1:2\nworse:x:-1:2::/:/bin/sh\n';
  assert.deepEqual(parsePasswd(text), [
    { name: 'ann', uid: 1001, gid: 1002, home: '/home/ann', shell: '/bin/sh', gecos: 'Ann' },
  ]);
});

test('the current account has the uid of the process', () => {
  assert.equal(currentAccount().uid, process.getuid?.());
});

test('limits are read by their ulimit names', () => {
  const text = 'Limit                     Soft Limit           Hard Limit           Units\n' +
    'Max cpu time              unlimited            unlimited            seconds\n' +
    'Max open files            1024                 524288               files\n';
  assert.deepEqual([...parseLimits(text)], [
    ['cpu', { soft: Infinity, hard: Infinity }],
    ['nofile', { soft: 1024, hard: 524288 }],
  ]);
  assert.equal(readResourceLimits().size, 16);
});

test('host facts and probes have values', () => {
  assert.match(readHostFacts().bootId, /^[0-9a-f-]{36}$/);
  assert.match(readHostFacts().pidNamespace, /^\d+$/);
  assert(probeHost().kernel[0] >= 5);
  assert.equal(fileSystemName('/proc'), 'proc');
  assert.equal(fileSystemName('/no/such'), undefined);
});
