/**
 * A clock that was ahead and was set back: records, logs and locks of tomorrow. Lists, filters and
 * logs say what is written, in words that make sense, and nothing waits for tomorrow.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const data = path.join(lab.data, 'v1');
const TOMORROW = Math.floor(Date.now() / 1000) + 86_400;
/** Less than what commands wait for the store's lock. */
const timeoutMs = 50_000;

let id = '';
before(async () => {
  const image = await lab.image();
  const run = ['run', '--network', 'none', '--name', 'ahead', image, 'echo', 'said'];
  assert.equal(await lab.ok(run), 'said');
  id = await lab.ok(['inspect', '--format', '{{.Id}}', 'ahead']);
  date(String(TOMORROW));
});
lab.atEnd(async () => lab.ok(['rm', '-f', 'ahead']));

/** All that the container's files say of time is `seconds` since 1970. */
function date(seconds: string): void {
  const day = new Date(TOMORROW * 1000).toISOString().slice(0, 10);
  const times: [file: string, pattern: RegExp, text: string][] = [
    ['summary', /^created .*$/m, `created ${seconds}000`],
    ['summary', /^started .*$/m, `started ${seconds}.5`],
    ['summary', /^finished .*$/m, `finished ${seconds}.7`],
    ['runs/1/exit', /^started .*$/m, `started ${seconds}.5`],
    ['runs/1/exit', /^finished .*$/m, `finished ${seconds}.7`],
    ['config.json', /"createdAtMs":\d+/, `"createdAtMs":${seconds}000`],
    ['log', /^\d{4}-\d\d-\d\d/, day],
  ];
  for (const [name, pattern, text] of times) {
    const file = path.join(data, 'containers', id, name);
    const before = readFileSync(file, 'utf8');
    assert.match(before, pattern, name);
    writeFileSync(file, before.replace(pattern, text));
  }
}

test('lists and inspect show a container of tomorrow', async () => {
  const format = '{{.CreatedHuman}}, {{.Status}}';
  const shown = await lab.ok(['ps', '-a', '--format', format]);
  assert.equal(shown, 'Less than a second ago, Exited (0) Less than a second ago');
  const times = '{{json .Created}} {{json .State.StartedAt}} {{json .State.FinishedAt}}';
  const at = new Date(TOMORROW * 1000).toISOString().slice(0, 19);
  assert.equal(await lab.ok(['inspect', '--format', times, 'ahead']),
    `"${at}Z" "${at}.5Z" "${at}.7Z"`);
  assert.match(await lab.ok(['system', 'df', '-v']), /Less than a second ago/);
});

test('filters by time and prune leave a container of tomorrow out', async () => {
  assert.equal(await lab.ok(['ps', '-aq', '--filter', 'until=0s']), '');
  assert.equal(await lab.ok(['container', 'prune', '-f', '--filter', 'until=1h']), '');
  const ahead = ['ps', '-a', '--format', '{{.Names}}', '--filter'];
  assert.equal(await lab.ok([...ahead, `until=${TOMORROW + 60}`]), 'ahead');
});

test('lines of tomorrow are since now, and not until now', async () => {
  assert.equal(await lab.ok(['logs', '--since', '1m', 'ahead']), 'said');
  assert.equal(await lab.ok(['logs', '-f', '--since', '1m', 'ahead'], { timeoutMs }), 'said');
  assert.equal(await lab.ok(['logs', '--until', '0s', 'ahead']), '');
});

test('a lock of tomorrow keeps nobody waiting', async () => {
  const lock = path.join(data, 'lock');
  mkdirSync(lock);
  utimesSync(lock, TOMORROW, TOMORROW);
  await lab.ok(['image', 'prune', '-f'], { timeoutMs });
  await lab.ok(['system', 'check']);
});

test('times that no calendar has are no reason to fail', async () => {
  date('99999999999999999');
  const fields = '{{.ID}} {{.CreatedAt}} {{.Status}} {{json .Created}} {{.StartedAt}}';
  for (const command of [
    ['ps', '-a'], ['ps', '-a', '--format', 'json'], ['ps', '-a', '--format', fields],
    ['ps', '-a', '--sort', 'created'], ['inspect', 'ahead'], ['system', 'df', '-v'],
  ]) {
    const { stdout, stderr } = await lab.berth(command);
    assert.ok(stdout.includes(id.slice(0, 12)), `${command.join(' ')}: ${stdout}${stderr}`);
    assert.doesNotMatch(stdout, /NaN|Invalid/, command.join(' '));
  }
  await lab.ok(['volume', 'create', 'ahead']);
  const record = path.join(data, 'volumes/ahead/record.json');
  writeFileSync(record, readFileSync(record, 'utf8')
    .replace(/"createdAtMs":\d+/, '"createdAtMs":1e300'));
  assert.match(await lab.ok(['volume', 'inspect', 'ahead']), /"CreatedAt": "0001-01-01T/);
  await lab.ok(['volume', 'rm', 'ahead']);
});
