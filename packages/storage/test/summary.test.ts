/** The texts that both halves of the program read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSummaryHead, parseSummary } from '../src/index.ts';
import { parseExit, parseFacts } from '../src/summary.ts';

const HEAD = {
  createdAtMs: 1700000000000, image: 'debian:12', command: ['sh', '-c', 'x'], ports: '',
};
const RUNNING = 'run 3\nstate running\nhost abcdefabcdef:box\nboot b-1\npidns 4026531836\n' +
  'supervisor 12 345\ninit 13 346\nstarted 1700000001.000000002\n';
const EXITED = 'run 3\nstate exited\nhost abcdefabcdef:box\nexit 137\nstarted 1.000000001\n' +
  'finished 2.000000002\noom 1\n';

test('formatSummaryHead() and parseSummary() agree', () => {
  const summary = parseSummary(formatSummaryHead({ ...HEAD, ports: '8080->80/tcp' }));
  assert.equal(summary.createdAtMs, HEAD.createdAtMs);
  assert.equal(summary.image, 'debian:12');
  assert.equal(summary.command, 'sh -c x');
  assert.equal(summary.ports, '8080->80/tcp');
  assert.equal(summary.run, 0);
  assert.equal(summary.isCut, false);
});

const LONG = 'x'.repeat(500);
for (const [title, head] of Object.entries({
  'a long image name': { ...HEAD, image: LONG },
  'a long command': { ...HEAD, command: [LONG, LONG] },
  'many ports': { ...HEAD, ports: LONG },
  'everything long': { ...HEAD, image: LONG, command: [LONG], ports: LONG },
  'characters of several bytes': { ...HEAD, image: 'ä'.repeat(90), command: ['€'.repeat(90)] },
})) {
  test(`formatSummaryHead() cuts ${title} to 128 bytes and says so`, () => {
    const text = formatSummaryHead(head);
    assert.ok(Buffer.byteLength(text) <= 128, `${Buffer.byteLength(text)} bytes`);
    assert.ok(!text.includes('\ufffd'));
    assert.equal(parseSummary(text).isCut, true);
  });
}

test('formatSummaryHead() keeps a newline in a value from making a line of its own', () => {
  const text = formatSummaryHead({ ...HEAD, command: ['a\nstate exited\nexit 0'] });
  assert.equal(text.split('\n').length, 4);
  assert.equal(parseSummary(text).ended, undefined);
});

test('a running summary with a full head has at most 300 bytes', () => {
  const text = formatSummaryHead({ ...HEAD, image: LONG, command: [LONG], ports: LONG }) +
    RUNNING.replace('b-1', 'c'.repeat(36)).replace('box', 'a-usual-host')
      .replace('12 345', '1234567 12345678').replace('13 346', '1234568 12345679');
  assert.ok(Buffer.byteLength(text) <= 320, `${Buffer.byteLength(text)} bytes`);
});

test('parseSummary() reads the state lines of a running container', () => {
  const summary = parseSummary(formatSummaryHead(HEAD) + RUNNING);
  assert.equal(summary.run, 3);
  assert.equal(summary.host, 'abcdefabcdef:box');
  assert.equal(summary.bootId, 'b-1');
  assert.equal(summary.pidNamespace, '4026531836');
  assert.deepEqual(summary.supervisor, { pid: 12, startTime: '345' });
  assert.deepEqual(summary.init, { pid: 13, startTime: '346' });
  assert.equal(summary.ended, undefined);
});

test('parseSummary() reads how a container ended', () => {
  const { ended } = parseSummary(formatSummaryHead(HEAD) + EXITED);
  assert.deepEqual(ended, {
    run: 3, exitCode: 137, started: '1.000000001', finished: '2.000000002', oomKilled: true,
    signal: undefined, error: undefined,
  });
});

test('parseSummary() ignores unknown keys, half lines and processes that are none', () => {
  const summary = parseSummary('created 5\nnew thing\nrubbish\nrun 1\ninit x y\nhost a:b');
  assert.equal(summary.createdAtMs, 5);
  assert.equal(summary.init, undefined);
  assert.equal(summary.host, 'a:b');
});

test('parseFacts() and parseExit() read the records of a run', () => {
  const facts = parseFacts(`${RUNNING}machine-id abc\nhostname box\n`);
  assert.equal(facts.machineId, 'abc');
  assert.equal(facts.hostName, 'box');
  assert.deepEqual(facts.init, { pid: 13, startTime: '346' });
  assert.equal(parseExit('run 3\nexit 0\nfinished 2.000000000\n')?.exitCode, 0);
  const killed = parseExit('run 3\nexit 137\nsignal 9\nerror why it did\n');
  assert.deepEqual([killed?.signal, killed?.error], [9, 'why it did']);
  assert.equal(parseExit('run 3\n'), undefined);
});
