/**
 * Several hundred starts at once, among lists and removals: each has its own output and exit
 * status, ids and names are unique, and nothing is lost or left. The fast build starts most of them
 * without JavaScript. `pnpm races SECONDS` goes on for longer.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../e2e/execute.ts';
import { BUILD, openLab } from '../e2e/harness.ts';
import { requireNothingLeft } from './left.ts';

const lab = openLab();
let image = '';
const seconds = Number(process.env['BERTH_RACES_SECONDS'] ?? '0');
const NONE = ['--network', 'none'];
const timeoutMs = 300_000;
/** Node takes ten times as long, and memory for as long. */
const MIB_EACH = BUILD === 'bun' ? 20 : 90;
const STARTS = Math.min(BUILD === 'bun' ? 300 : 100, Math.floor(availableMib() / MIB_EACH / 2));
const BACKGROUND = 20;
const RIVALS = 10;
const LISTS = 10;
const SPREAD_MS = 300;
const SETTLED_MS = 150;

before(async () => {
  image = await lab.image();
  await sleep(SETTLED_MS);
  await lab.ok(['run', '--rm', ...NONE, image, 'true']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

function availableMib(): number {
  const kib = /^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1];
  return Number(kib ?? '0') / 1024;
}

const run = async (args: readonly string[]): Promise<Result> => lab.berth(args, { timeoutMs });

/** Each of so many commands, a little after the one before. */
async function all<T>(count: number, perform: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, async (_, index) => {
    await sleep(SPREAD_MS * index / count);
    return perform(index);
  }));
}

/** Gives the id, whose first digits are the host's name in there. */
async function runToItsEnd(index: number): Promise<string> {
  const script = `hostname; echo out ${index}; echo err ${index} >&2; exit ${index % 100}`;
  const { status, stdout, stderr } = await run(['run', '--rm', ...NONE, image, 'sh', '-c', script]);
  const [id = '', ...lines] = stdout.split('\n');
  assert.deepEqual({ status, lines, stderr },
    { status: index % 100, lines: [`out ${index}`, ''], stderr: `err ${index}\n` });
  assert.match(id, /^[0-9a-f]{12}$/);
  return id;
}

/** One of three is removed while it may still be starting; gives the id of those that stay. */
async function runBehind(index: number): Promise<string | undefined> {
  const name = `behind${index}`;
  const starting = run(['run', '-d', ...NONE, '--name', name, image, 'sleep', '1000']);
  const isEarly = index % 3 === 0;
  if (!isEarly) await starting;
  const removed = index % 3 === 1 ? undefined : await run(['rm', '-f', '-t', '0', name]);
  if (removed !== undefined) {
    assert.deepEqual({ status: removed.status, stderr: removed.stderr }, { status: 0, stderr: '' });
  }
  const { status, stdout, stderr } = await starting;
  if (isEarly && status !== 0) {
    assert.match(stderr, /^Error: .*( was removed( meanwhile)?|no such container|it is gone)$/m);
    return undefined;
  }
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  if (isEarly) await run(['rm', '-f', '-t', '0', name]);
  return index % 3 === 1 ? stdout.trim() : undefined;
}

/** Only one may have the name; gives its id. */
async function runRival(): Promise<string | undefined> {
  const { status, stdout, stderr } = await run(
    ['run', '-d', ...NONE, '--name', 'rival', image, 'sleep', '1000']);
  if (status === 0) return stdout.trim();
  assert.match(stderr, /^Error: name container "rival": in use by container [0-9a-f]{12}$/m);
  return undefined;
}

async function list(): Promise<string[]> {
  const { status, stdout, stderr } = await run(
    ['ps', '-a', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.State}}']);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  for (const place of [0, 1]) {
    const words = lines.map((line) => line.split(' ')[place]);
    assert.equal(new Set(words).size, words.length, `listed twice:\n${stdout}`);
  }
  return lines;
}

/** All at once; what is to stay runs, and what is not is gone. */
async function round(): Promise<number> {
  const [ended, behind, rivals] = await Promise.all([
    all(STARTS, runToItsEnd), all(BACKGROUND, runBehind), all(RIVALS, runRival), all(LISTS, list),
  ]);
  assert.equal(new Set(ended).size, STARTS, 'ids are unique');
  const stay = [...behind, ...rivals].filter((id) => id !== undefined);
  assert.equal(rivals.filter((id) => id !== undefined).length, 1);
  let lines = await list();
  // The last of those that remove themselves may be on their way out.
  for (let left = 100; lines.length > stay.length && left > 0; left -= 1) {
    await sleep(50);
    lines = await list();
  }
  assert.deepEqual(lines.map((line) => `${line.split(' ')[0]} ${line.split(' ')[2]}`).sort(),
    stay.map((id) => `${id} running`).sort());
  for (const id of stay) assert.equal((await run(['exec', id, 'true'])).status, 0);
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
  await requireNothingLeft(lab);
  return STARTS + BACKGROUND + RIVALS;
}

test('hundreds of starts at once: nothing is lost, and nothing is left', async (context) => {
  const until = Date.now() + seconds * 1000;
  let starts = 0;
  do starts += await round(); while (Date.now() < until);
  const kept = path.join(lab.runtime, 'berth/kept-runs');
  if (BUILD === 'bun') assert.ok(readdirSync(kept).length > 0, 'runs are kept');
  context.diagnostic(`${starts} starts`);
});
