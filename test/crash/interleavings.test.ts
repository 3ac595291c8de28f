/**
 * Two commands in a forced order: one that removes stands still at one of its state-changing calls,
 * another that begins to use what is removed runs to its end, and the first goes on or is killed.
 * What the second was given is there afterwards. Two points of each pair; BERTH_CRASH=all tries
 * every one.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { EXTRA, loaded, NONE, prepareGround, type Ground } from './ground.ts';
import { Sweep, type How } from './sweep.ts';

/** What is removed, who begins to use it, and how it is seen that he has it. */
interface Pair {
  /** About so many calls are counted until the end of the first. */
  readonly calls: number;
  prepare(): Promise<void>;
  readonly removes: readonly string[];
  uses(): readonly string[];
  /** What is removed is at its place. */
  isThere(): boolean;
  /** Throws where the second command succeeded, and has not what it asked for. */
  hasIt(): Promise<void>;
}

const lab = openLab();
const all = process.env['BERTH_CRASH'] === 'all';
const volume = path.join(lab.data, 'v1/volumes/v');
let ground: Ground | undefined;
let sweep: Sweep | undefined;

before(async () => {
  ground = await prepareGround(lab, undefined);
  sweep = new Sweep(ground);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

async function keepInVolume(): Promise<void> {
  await lab.ok(['volume', 'create', 'v']);
  writeFileSync(path.join(volume, '_data/kept'), 'precious');
}

async function loadExtra(): Promise<void> {
  assert.ok(ground !== undefined);
  await loaded(ground);
}

async function startedPrints(text: string): Promise<void> {
  assert.equal(await lab.ok(['start', '-a', 'c']), text);
}

async function runningHas(file: string, text: string): Promise<void> {
  assert.equal(await lab.ok(['exec', 'c', 'cat', file]), text);
}

const named = [...NONE, '--pull', 'never', '--name', 'c'];
const create = ['create', ...named];
/** What was only created may be pruned as well. */
const run = ['run', '-d', ...named];

const VOLUME: Omit<Pair, 'calls' | 'removes'> = {
  prepare: keepInVolume,
  uses: () => [...create, '-v', 'v:/data', ground?.image ?? '', 'cat', '/data/kept'],
  isThere: () => existsSync(path.join(volume, '_data/kept')),
  hasIt: async () => startedPrints('precious'),
};
const IMAGE: Omit<Pair, 'calls' | 'removes'> = {
  prepare: loadExtra,
  uses: () => [...create, EXTRA, 'cat', '/only'],
  isThere: () => true,
  hasIt: async () => startedPrints('here'),
};

const PAIRS: Readonly<Record<string, Pair>> = {
  'volume rm': { ...VOLUME, calls: 10, removes: ['volume', 'rm', 'v'] },
  'volume prune': { ...VOLUME, calls: 10, removes: ['volume', 'prune', '-f', '--all'] },
  'system prune of volumes': {
    ...VOLUME,
    calls: 20,
    removes: ['system', 'prune', '-f', '--volumes'],
    uses: () => [...run, '-v', 'v:/data', ground?.image ?? '', 'sleep', '1000'],
    hasIt: async () => runningHas('/data/kept', 'precious'),
  },
  rmi: { ...IMAGE, calls: 35, removes: ['rmi', EXTRA] },
  'system prune of images': {
    ...IMAGE,
    calls: 35,
    removes: ['system', 'prune', '-f', '-a'],
    uses: () => [...run, EXTRA, 'sleep', '1000'],
    hasIt: async () => runningHas('/only', 'here'),
  },
  'image prune beside load': {
    ...IMAGE,
    calls: 35,
    prepare: async () => {
      await loadExtra();
      await lab.ok(['untag', EXTRA]);
    },
    removes: ['image', 'prune', '-f'],
    uses: () => ['load', '-q', '-i', ground?.archive ?? ''],
    hasIt: async () => {
      await lab.ok([...create, EXTRA, 'cat', '/only']);
      await startedPrints('here');
    },
  },
};

/** Runs `uses` while `removes` stands still at a call. Answers false when it ended before. */
async function tryPoint(pair: Pair, at: number, how: How): Promise<boolean> {
  assert.ok(sweep !== undefined);
  await pair.prepare();
  const answer = path.join(lab.folder, 'answer');
  const wasThere = path.join(lab.folder, 'was-there');
  const words = [...lab.command, ...pair.uses()].map((word) => `'${word}'`).join(' ');
  const between = `test ! -e '${volume}/_data/kept' || touch '${wasThere}'
${words} >/dev/null 2>'${answer}'; echo "status $?" >>'${answer}'`;
  const { isMet } = await sweep.stop(pair.removes, { at, how, between });
  if (isMet) {
    const said = readFileSync(answer, 'utf8');
    assert.doesNotMatch(said, /bug in berth/);
    if (existsSync(wasThere)) assert.ok(how === 'none' || pair.isThere(), `it is lost\n${said}`);
    const isGiven = said.endsWith('status 0\n');
    const isAnother = pair.prepare === keepInVolume && !existsSync(wasThere);
    if (isGiven && !isAnother) await pair.hasIt();
    rmSync(answer);
    rmSync(wasThere, { force: true });
  }
  await sweep.clean();
  return isMet;
}

for (const [place, [name, pair]] of Object.entries(PAIRS).entries()) {
  for (const [index, how] of (['none', 'all'] as const).entries()) {
    const then = how === 'none' ? 'goes on' : 'is killed';
    test(`${name} ${then}: what another command began to use is there`, async (context) => {
      const share = ((2 * place + index + 1) * 0.618) % 1;
      const first = all ? 1 : 1 + Math.floor(share * pair.calls);
      const last = all ? Infinity : first;
      let points = 0;
      for (let at = first; at <= last; at += 1) {
        if (!await tryPoint(pair, at, how)) break;
        points += 1;
      }
      assert.ok(points > 0, 'it ended before that call');
      context.diagnostic(`${points} points`);
    });
  }
}
