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
import { openLab } from '../e2e/harness.ts';
import { processesOf } from '../e2e/leaks.ts';
import {
  anyCrowd, CONTAINERS, crowd, meaningOf, NAMES, perform, type Command,
} from './commands.ts';
import type { Verb } from './life-cycle.ts';
import { explain, type TimedAct } from './orders.ts';

const lab = openLab();
let image = '';
before(async () => { image = await lab.image(); });
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** What may go on for as long as its container runs. */
const LASTING: readonly string[] = ['wait', 'exec'];
const seconds = Number(process.env['BERTH_RACES_SECONDS'] ?? '0');
const seed = Number(process.env['BERTH_SEED'] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 20_260_101));

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
  await Promise.all(running.filter((_, index) => !LASTING.includes(commands[index]?.verb ?? '')));
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
    const answer = meaningOf(result);
    assert.ok(answer !== undefined, `no answer for users: ${textOf(one)}`);
    return [{
      verb, name, answer, begin, end, other: verb === 'create' ? String(index + 1) : other,
    }];
  });
}

function requireExplained(names: readonly string[], all: readonly Ended[]): void {
  const verdict = explain(actsOn(names, all));
  const history = all.filter(({ command: { name, verb } }) => verb !== 'ps' && names.includes(name))
    .sort((one, other) => one.begin - other.begin)
    .map((one) => `${one.begin.toFixed(0)}-${one.end.toFixed(0)} ms ${textOf(one)}`);
  assert.equal(verdict, 'explained', `no order of these:\n${history.join('\n')}\n`);
}

/** A list shows what is there all the time once, and nothing that was removed before it began. */
function requireListed(all: readonly Ended[]): void {
  const removals: readonly (Verb | 'ps')[] = ['rm', 'rm -f'];
  for (const { command, result: { status, stdout, stderr }, begin, end } of all) {
    if (command.verb !== 'ps') continue;
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    const ids = stdout.split('\n').map((line) => line.slice(0, 64)).filter((id) => id !== '');
    assert.equal(new Set(ids).size, ids.length, 'listed twice');
    const there = all.filter((one) => one.command.verb === 'create' && one.result.status === 0
      && one.end < begin && !all.some((other) => removals.includes(other.command.verb)
        && other.command.name.slice(3) === one.command.name.slice(3) && other.begin < end));
    for (const { result } of there) {
      assert.ok(ids.includes(result.stdout.trim()), `not listed: ${result.stdout}`);
    }
  }
}

async function requireNothingLeft(): Promise<void> {
  const data = path.join(lab.data, 'v1');
  const left = (): string[] => [
    ...['containers', 'containers/names', 'staging', 'trash'].flatMap((folder) =>
      readdirSync(path.join(data, folder)).filter((name) => name !== 'names')),
    ...readdirSync(path.join(lab.runtime, 'berth/containers')),
    ...processesOf(lab.folder).map(({ what }) => what),
  ];
  for (let tries = 100; left().length > 0 && tries > 0; tries--) await sleep(50);
  assert.deepEqual(left(), []);
  const check = await lab.berth(['system', 'check', '--quick']);
  assert.equal(check.status, 0, check.stdout);
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

test('a hundred commands at once: each answer is one that some order allows', async (context) => {
  context.diagnostic(`BERTH_SEED=${seed}`);
  const crowds = seconds > 0 ? anyCrowd : crowd(CONTAINERS);
  let starts = 0, commandsRun = 0;
  await fc.assert(fc.asyncProperty(crowds, async (commands) => {
    const all = await runAll(commands);
    commandsRun += all.length;
    starts += all.filter(({ command: { verb }, result: { status } }) =>
      ['start', 'restart'].includes(verb) && status === 0).length;
    for (const names of NAMES) requireExplained(names, all);
    requireListed(all);
    await requireNothingLeft();
  }), {
    seed, endOnFailure: true, numRuns: seconds > 0 ? 2 ** 31 - 1 : 1,
    ...(seconds > 0 ? { interruptAfterTimeLimit: seconds * 1000 } : {}),
  });
  context.diagnostic(`${commandsRun} commands, of which ${starts} started a container`);
});
