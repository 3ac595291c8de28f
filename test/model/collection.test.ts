/**
 * Pulls, runs, removals and collections at once on images that share layers: no command fails but
 * because what it was asked for had been removed, no container lacks a layer or a volume, and the
 * store is sound at the end. `pnpm races SECONDS` goes on for longer; BERTH_SEED repeats it.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Result } from '../e2e/execute.ts';
import { openLab } from '../e2e/harness.ts';
import { archiveOf, type LayerEntry } from '../lab/images.ts';

const lab = openLab();
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const seconds = Number(process.env['BERTH_RACES_SECONDS'] ?? '0');
const seed = Number(process.env['BERTH_SEED'] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 20_261_126));
/** A hundred processes on a slow machine take turns. */
const timeoutMs = 300_000;
const SPREAD_MS = 1500;
const ROUNDS = 2;
const COMMANDS = 30;

/** Each has the file that its number names; every layer but the last is in two of them or more. */
const LAYERS: readonly Record<string, LayerEntry>[] = [1, 2, 3].map((one) =>
  ({ [`/file${one}`]: `${one}`, [`/large${one}`]: `${one}`.repeat(5_000_000) }));
const IMAGES: readonly (readonly number[])[] = [[0], [0, 1], [0, 1, 2], [1, 0], [2]];
/** Its containers may go while they are started, and so nobody counts on them. */
const FORCED = 4;
const nameOf = (image: number): string => `localhost/shared:${image}`;
let archives: readonly string[] = [];

before(() => {
  archives = IMAGES.map((layers, image) => archiveOf({
    name: nameOf(image), layers: layers.map((layer) => LAYERS[layer] ?? {}),
  }, lab.folder).archive);
});

/** What is done, by name; every one may meet an image or a volume that is gone. */
const VERBS: Readonly<Record<string, (image: number, turn: number) => readonly string[]>> = {
  load: (image) => ['load', '-q', '-i', archives[image] ?? ''],
  run: (image) => ['run', '--rm', '--pull', 'never', '--network', 'none', nameOf(image % FORCED),
    'cat', ...(IMAGES[image % FORCED] ?? []).map((layer) => `/file${layer + 1}`)],
  create: (image, turn) => ['create', '--pull', 'never', '--network', 'none',
    '-v', `volume${turn % 3}:/v`, nameOf(image), 'cat', '/file1'],
  'run -d': (image, turn) => ['run', '-d', '--label', 'lasting', '--pull', 'never',
    '--network', 'none', '-v', `volume${turn % 3}:/v`, nameOf(image), 'sleep', '1000'],
  'rm -f': () => ['rm', '-f', '-t', '0', '--filter', 'label=lasting'],
  rmi: (image) => ['rmi', nameOf(image)],
  'rmi -f': () => ['rmi', '-f', nameOf(FORCED)],
  save: (image, turn) =>
    ['save', '-q', '-o', path.join(lab.folder, `saved${turn}`), nameOf(image)],
  tag: (image) => ['tag', nameOf(image), `localhost/more:${image}`],
  untag: (image) => ['untag', `localhost/more:${image}`],
  'image prune': () => ['image', 'prune', '-a', '-f'],
  'system prune': () => ['system', 'prune', '-a', '-f'],
  'volume prune': () => ['volume', 'prune', '-a', '-f'],
  'system check': () => ['system', 'check', '--quick'],
};

const OFTEN: readonly string[] = ['load', 'run', 'run -d'];

/** Why a command may not have done what it was asked for. */
const REASONS: readonly RegExp[] = [
  /: no such image$/, /: it is not in the store, and pulling is off$/,
  /: it is in use by container /, /: layer ".*" of image ".*" was removed$/,
  /: no such (container|volume)$/, /: it is gone$/, /: volume ".*" was removed$/,
];

/** What a check may find beside a removal that has come half its way. */
const ON_ITS_WAY = /^Checked |uses it$|needs it$|not yet cleared away$/;

async function ok(...args: string[]): Promise<string> {
  return lab.ok(args, { timeoutMs });
}

interface Command {
  readonly verb: string;
  readonly image: number;
  readonly delayMs: number;
}

const command: fc.Arbitrary<Command> = fc.record({
  verb: fc.oneof(...Object.keys(VERBS).map((name) => ({
    weight: OFTEN.includes(name) ? 5 : 2, arbitrary: fc.constant(name),
  }))),
  image: fc.nat(IMAGES.length - 1), delayMs: fc.nat(SPREAD_MS),
});

function requireAnswer(words: readonly string[], { status, stdout, stderr }: Result): void {
  if (status === 0 && !/^Error/m.test(stderr)) return;
  // The only containers that somebody removes while they are started.
  if (words.includes('lasting') && /(it|or) was removed( meanwhile)?$/m.test(stderr)) return;
  const isCheck = words.includes('check');
  if (isCheck && stdout.split('\n').every((line) => line === '' || ON_ITS_WAY.test(line))) return;
  const errors = stderr.split('\n').filter((line) => line.startsWith('Error: '));
  const isKnown = errors.length > 0
    && errors.every((line) => REASONS.some((reason) => reason.test(line)));
  assert.ok(isKnown, `berth ${words.join(' ')}: ${status}\n${stdout}\n${stderr}`);
}

async function perform({ verb, image, delayMs }: Command, turn: number): Promise<void> {
  await sleep(delayMs);
  const words = VERBS[verb]?.(image, turn) ?? [];
  requireAnswer(words, await lab.berth(words, { timeoutMs }));
}

/** What every container was made from is there: it starts. When all is removed nothing is left. */
async function requireWhole(): Promise<void> {
  const ids = (await ok('ps', '-aq', '--no-trunc')).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await ok('start', ...ids);
  // What was needed at the last collection and is not now is no fault, and would hide one.
  await ok('image', 'prune', '-f');
  const { status, stdout } = await lab.berth(['system', 'check'], { timeoutMs });
  assert.equal(status, 0, stdout);
  await ok('rm', '-f', '-t', '0', '--all');
  await ok('system', 'prune', '-a', '-f', '--volumes');
  await ok('system', 'check');
  assert.equal(await ok('volume', 'ls', '-q'), '');
  const left = ['staging', 'trash', 'layers', 'images/names', 'blobs/sha256']
    .flatMap((folder) => readdirSync(path.join(lab.data, 'v1', folder)));
  assert.deepEqual(left, []);
}

test('whatever is collected meanwhile, what commands need stays', async (context) => {
  context.diagnostic(`BERTH_SEED=${seed}`);
  const crowd = fc.array(command, { minLength: COMMANDS, maxLength: COMMANDS });
  await fc.assert(fc.asyncProperty(crowd, async (commands) => {
    await ok('load', '-q', '-i', archives[2] ?? '');
    const outcomes = await Promise.allSettled(commands.map(perform));
    const failed = outcomes.flatMap((one) => one.status === 'rejected' ? [one.reason] : []);
    if (failed.length > 0) throw new Error(failed.map(String).join('\n---\n'));
    await requireWhole();
  }), {
    seed, endOnFailure: true, numRuns: seconds > 0 ? 2 ** 31 - 1 : ROUNDS,
    ...(seconds > 0 ? { interruptAfterTimeLimit: seconds * 1000 } : {}),
  });
});
