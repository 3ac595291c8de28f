/**
 * A hundred commands at once on ten containers: every answer is one that some order of the
 * commands allows, in words for users, and nothing is left at the end. `pnpm races SECONDS` goes on
 * for longer, with new commands each time; BERTH_SEED repeats what was asked for.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Result } from '../e2e/execute.ts';
import { BUILD, openLab } from '../e2e/harness.ts';
import {
  anyCrowd, CONTAINERS, crowd, meaningOf, NAMES, perform, wordsToMake, type Command,
} from './commands.ts';
import { isInFront, isMaker, type Answer, type Verb } from './life-cycle.ts';
import { requireNothingLeft } from './left.ts';
import { explain, type TimedAct, type Verdict } from './orders.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
  await keepRuns();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** What may go on for as long as its container runs. */
const isLasting = (verb: string): boolean =>
  verb === 'wait' || verb === 'exec' || isInFront(verb);
/** Files that have changed in the last 100 ms are not relied on. */
const SETTLED_MS = 150;
const seconds = Number(process.env['BERTH_RACES_SECONDS'] ?? '0');
const seed = Number(process.env['BERTH_SEED'] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 20_260_101));

/** The next runs with these words and with half of the names start without JavaScript. */
async function keepRuns(): Promise<void> {
  if (BUILD === 'node') return;
  await sleep(SETTLED_MS);
  for (const [name = ''] of NAMES) {
    for (const verb of ['run --rm brief', 'run -d --rm brief', 'run brief', 'run -d brief']) {
      await lab.berth(wordsToMake(verb, name, image));
      await lab.ok(['rm', '-f', '-t', '0', name]);
    }
  }
  const kept = readdirSync(path.join(lab.runtime, 'berth/kept-runs'));
  assert.equal(kept.length, 4 * NAMES.length, 'runs are kept');
}

/** A command that has ended, with its times. */
interface Ended {
  readonly command: Omit<Command, 'delayMs'>;
  readonly result: Result;
  readonly begin: number;
  readonly end: number;
}

async function timed(command: Omit<Command, 'delayMs'>): Promise<Ended> {
  const begin = performance.now();
  const result = await perform(lab, image, command);
  return { command, result, begin, end: performance.now() };
}

/** Runs all at once; then looks at every container, and removes it. */
async function runAll(commands: readonly Command[]): Promise<Ended[]> {
  const running = commands.map(async ({ delayMs, ...command }) => {
    await sleep(delayMs);
    return timed(command);
  });
  await Promise.all(running.filter((_, index) => !isLasting(commands[index]?.verb ?? '')));
  const finals: Ended[] = [];
  for (const verb of ['inspect', 'rm -f'] as const) {
    for (const name of NAMES.flat()) finals.push(await timed({ verb, name, other: '' }));
  }
  return [...finals, ...await Promise.all(running)];
}

function textOf({ command, result }: Ended): string {
  const { verb, name, other } = command;
  const words = [verb, name, ...(verb === 'rename' ? [other] : [])].join(' ');
  return `${words}: ${result.status} ${result.stdout.trim()}${result.stderr.trim()}`;
}

/** The commands on one pair of names, in the model's words. */
function actsOn(names: readonly string[], all: readonly Ended[]): TimedAct[] {
  return all.flatMap((one, index) => {
    const { command: { verb, name, other }, result, begin, end } = one;
    if (verb === 'ps' || !names.includes(name)) return [];
    const answer = meaningOf(verb, result);
    assert.ok(answer !== undefined, `no answer for users: ${textOf(one)}`);
    return [{
      verb, name, answer, begin, end, other: isMaker(verb) ? String(index + 1) : other,
    }];
  });
}

/** Where all commands met, the search for an order may have been too long. */
function requireExplained(names: readonly string[], all: readonly Ended[]): Verdict {
  const verdict = explain(actsOn(names, all));
  if (verdict === 'undecided') return verdict;
  const history = all.filter(({ command: { name, verb } }) => verb !== 'ps' && names.includes(name))
    .sort((one, other) => one.begin - other.begin)
    .map((one) => `${one.begin.toFixed(0)}-${one.end.toFixed(0)} ms ${textOf(one)}`);
  assert.equal(verdict, 'explained', `no order of these:\n${history.join('\n')}\n`);
  return verdict;
}

/** What makes containers that stay, and prints their ids. */
const STAY: readonly string[] = ['create', 'run -d', 'run -d brief'];

/** A list shows what is there all the time once, and nothing that was removed before it began. */
function requireListed(all: readonly Ended[]): void {
  const removals: readonly (Verb | 'ps')[] = ['rm', 'rm -f'];
  for (const { command, result: { status, stdout, stderr }, begin, end } of all) {
    if (command.verb !== 'ps') continue;
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    const lines = stdout.split('\n').filter((line) => line !== '');
    const ids = lines.map((line) => line.slice(0, 64));
    const names = lines.map((line) => line.split(' ')[1] ?? '');
    assert.equal(new Set(ids).size, ids.length, `listed twice:\n${stdout}`);
    assert.equal(new Set(names).size, names.length, `names listed twice:\n${stdout}`);
    for (const name of names) assert.ok(NAMES.flat().includes(name), `not a name: ${stdout}`);
    const there = all.filter((one) => STAY.includes(one.command.verb) && one.result.status === 0
      && one.end < begin && !all.some((other) => removals.includes(other.command.verb)
        && other.command.name.slice(3) === one.command.name.slice(3) && other.begin < end));
    for (const { result } of there) {
      assert.ok(ids.includes(result.stdout.trim()), `not listed: ${result.stdout}`);
    }
  }
}

function hasStarted({ command: { verb }, result: { status } }: Ended): boolean {
  return isInFront(verb) ? status !== 125
    : (verb.startsWith('run') || ['start', 'restart'].includes(verb)) && status === 0;
}

test('the model tells answers that no order allows', () => {
  const act = (verb: Verb, kind: 'ok' | 'absent', [begin, end, text]: [number, number, string]) =>
    ({ verb, name: 'one', other: '1', answer: { kind, text }, begin, end });
  const made = act('create', 'ok', [0, 1, '']);
  assert.equal(explain([made, act('inspect', 'ok', [2, 3, 'created'])]), 'explained');
  assert.equal(explain([made, act('inspect', 'absent', [0, 3, ''])]), 'explained');
  assert.equal(explain([made, act('inspect', 'absent', [2, 3, ''])]), 'unexplained');
  assert.equal(explain([made, act('exec', 'ok', [0, 9, ''])]), 'unexplained');
  const others = [act('start', 'ok', [2, 8, '']), act('rm', 'ok', [3, 8, ''])];
  assert.equal(explain([made, ...others]), 'unexplained');
  assert.equal(explain([made, ...others, act('kill', 'ok', [4, 8, ''])]), 'explained');
  const ended = act('kill', 'ok', [3, 4, '']);
  assert.equal(explain([made, others[0] ?? ended, ended, act('wait', 'ok', [5, 6, '0'])]),
    'unexplained');
});

/** A command on one container, that began and ended then. */
function act(verb: Verb, [begin, end]: [number, number], answer: Answer): TimedAct {
  return { verb, name: 'a', other: String(begin + 1), answer, begin, end };
}

const ok = (text = ''): Answer => ({ kind: 'ok', text });
const exit = (status: string, text: string): Answer => ({ kind: 'exit', status, text });

test('the model tells runs that no order allows', () => {
  const behind = act('run -d', [0, 1], ok());
  const brief = act('run --rm brief', [0, 5], exit('7', 'up'));
  const whole = act('run brief', [0, 5], exit('7', 'up'));
  const killed = act('run', [0, 5], exit('137', 'up'));
  const killedBrief = act('run --rm brief', [0, 5], exit('137', 'up'));
  const kill = act('kill', [2, 3], ok());
  const lost = act('run -d', [0, 5], { kind: 'absent' });
  const allowed: readonly (readonly TimedAct[])[] = [
    [behind, act('inspect', [2, 3], ok('running'))],
    [behind, act('run -d', [2, 3], { kind: 'taken' })],
    [brief, act('inspect', [1, 3], ok('running'))],
    [brief, act('inspect', [7, 8], { kind: 'absent' })],
    [killed, kill, act('logs', [6, 7], ok('up'))],
    [killedBrief, kill],
    [lost, act('rm', [2, 3], ok())],
  ];
  const impossible: readonly (readonly TimedAct[])[] = [
    [behind, act('inspect', [2, 3], ok('created'))],
    [behind, act('run -d', [2, 3], ok())],
    [brief, act('inspect', [7, 8], ok('running'))],
    [act('run --rm brief', [0, 5], exit('7', ''))],
    [killedBrief],
    [killed],
    [killed, kill, act('logs', [6, 7], ok('up\nup'))],
    [killed, kill, act('inspect', [6, 7], { kind: 'absent' })],
    [whole, act('logs', [6, 7], ok())],
    [lost],
  ];
  assert.deepEqual(allowed.filter((acts) => explain(acts) !== 'explained'), []);
  assert.deepEqual(impossible.filter((acts) => explain(acts) !== 'unexplained'), []);
});

test('a hundred commands at once: each answer is one that some order allows', async (context) => {
  context.diagnostic(`BERTH_SEED=${seed}`);
  const crowds = seconds > 0 ? anyCrowd : crowd(CONTAINERS);
  let starts = 0, commandsRun = 0;
  const verdicts: Verdict[] = [];
  await fc.assert(fc.asyncProperty(crowds, async (commands) => {
    const all = await runAll(commands);
    commandsRun += all.length;
    starts += all.filter(hasStarted).length;
    verdicts.push(...NAMES.map((names) => requireExplained(names, all)));
    requireListed(all);
    await requireNothingLeft(lab);
  }), {
    seed, endOnFailure: true, numRuns: seconds > 0 ? 2 ** 31 - 1 : 1,
    ...(seconds > 0 ? { interruptAfterTimeLimit: seconds * 1000 } : {}),
  });
  const undecided = verdicts.filter((one) => one === 'undecided').length;
  context.diagnostic(`${undecided} of ${verdicts.length} histories undecided`);
  assert.ok(undecided * 5 <= verdicts.length, 'too few histories are decided');
  context.diagnostic(`${commandsRun} commands, of which ${starts} started a container`);
});
