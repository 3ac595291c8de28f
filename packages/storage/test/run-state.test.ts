/** The state of a container from facts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveState, parseSummary } from '../src/index.ts';
import type { DerivedState, LivenessFacts } from '../src/index.ts';
import { parseExit } from '../src/summary.ts';
import { readStartTime } from '@berth/host';
import { readLivenessFacts } from '../src/run-state.ts';

const SUMMARY = 'created 1\nrun 2\nstate running\nhost m:here\nboot b\npidns 7\n' +
  'supervisor 10 100\ninit 11 101\nstarted 5.000000000\n';

interface Case {
  title: string;
  summary?: string;
  alive?: number[];
  facts?: Partial<LivenessFacts>;
  exit?: string;
  isLockFree?: boolean;
  expected: Partial<DerivedState>;
}

function derive(one: Case): DerivedState {
  const { summary = SUMMARY, alive = [], facts = {}, exit, isLockFree = false } = one;
  return deriveState(
    parseSummary(summary),
    {
      readExit: () => exit === undefined ? undefined : parseExit(exit),
      isLockFree: () => isLockFree,
    },
    {
      host: 'm:here', bootId: 'b', pidNamespace: '7', isAlive: (pid) => alive.includes(pid),
      ...facts,
    },
  );
}

const CASES: Case[] = [
  { title: 'never started is created', summary: 'created 1\n', expected: { state: 'created' } },
  {
    title: 'supervisor and init alive is running', alive: [10, 11],
    expected: { state: 'running', pid: 11, run: 2 },
  },
  {
    title: 'only the supervisor alive is stopping', alive: [10],
    expected: { state: 'stopping', pid: 0 },
  },
  {
    title: 'only the init alive is stopping with an orphan', alive: [11],
    expected: { state: 'stopping', pid: 11, orphan: { pid: 11, startTime: '101' } },
  },
  {
    title: 'both dead with an exit record is exited', exit: 'exit 3\nfinished 9.000000000\n',
    expected: { state: 'exited', exitCode: 3, finished: '9.000000000', started: '5.000000000' },
  },
  {
    title: 'both dead without an exit record is unknown',
    expected: { state: 'unknown', exitCode: undefined },
  },
  {
    title: 'a summary that says exited needs no other fact', alive: [10, 11],
    summary: 'created 1\nrun 2\nstate exited\nexit 0\n', facts: { host: 'm:there' },
    expected: { state: 'exited', exitCode: 0 },
  },
  {
    title: 'another boot is unknown, whoever has the pids now', alive: [10, 11],
    facts: { bootId: 'c' }, expected: { state: 'unknown', pid: 0 },
  },
  {
    title: 'another boot with an exit record is exited', facts: { bootId: 'c' }, exit: 'exit 1\n',
    expected: { state: 'exited', exitCode: 1 },
  },
  {
    title: 'another host is elsewhere, with its name', alive: [10, 11],
    facts: { host: 'm:there', bootId: 'c' },
    expected: { state: 'elsewhere', hostName: 'here' },
  },
  {
    title: 'the same host name on another machine is elsewhere',
    facts: { host: 'n:here', bootId: 'c' },
    expected: { state: 'elsewhere' },
  },
  {
    title: 'a host that was renamed since is the same', alive: [10, 11], facts: { host: 'm:new' },
    expected: { state: 'running' },
  },
  {
    title: 'another pid namespace of this boot is elsewhere', facts: { pidNamespace: '8' },
    expected: { state: 'elsewhere' },
  },
  {
    title: 'there the one whose lock nobody holds has ended', isLockFree: true,
    facts: { pidNamespace: '8' }, expected: { state: 'unknown' },
  },
  {
    title: 'a lock that another machine may hold says nothing', isLockFree: true,
    facts: { host: 'm:there', bootId: 'c' }, expected: { state: 'elsewhere' },
  },
  {
    title: 'an exit record from elsewhere counts', exit: 'exit 4\n',
    facts: { host: 'm:there', bootId: 'c' },
    expected: { state: 'exited', exitCode: 4 },
  },
];

for (const one of CASES) {
  test(`deriveState(): ${one.title}`, () => {
    const state = derive(one);
    for (const [key, value] of Object.entries(one.expected)) {
      assert.deepEqual(state[key as keyof DerivedState], value, key);
    }
  });
}

test('readLivenessFacts() sees this process alive, and not another with its pid', () => {
  const facts = readLivenessFacts();
  const startTime = readStartTime(process.pid) ?? '';
  assert.equal(facts.isAlive(process.pid, startTime), true);
  assert.equal(facts.isAlive(process.pid, '1'), false);
  assert.match(facts.host, /^[^:]+:.+$/);
});
