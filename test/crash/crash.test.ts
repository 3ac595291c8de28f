/**
 * Commands are stopped at their state-changing system calls, those of the program and of the
 * helper alike. One point of each command by default; BERTH_CRASH=all tries every point in every
 * way (`pnpm crash`), BERTH_CRASH=20 twenty of each, BERTH_CRASH_ONLY names some commands and
 * BERTH_CRASH_HOW some ways.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { missing } from '../lab/probes.ts';
import { startRegistry, type Registry } from '../lab/registry.ts';
import { openLab } from '../e2e/harness.ts';
import { missingFreezer } from '../e2e/own-cgroup.ts';
import { prepareGround } from './ground.ts';
import { SCENARIOS } from './scenarios.ts';
import { Sweep, type How } from './sweep.ts';

const lab = openLab();
const lacking = {
  registry: missing.dockerRegistry || missing.skopeo,
  freezer: missingFreezer,
};
const wanted = process.env['BERTH_CRASH'];
const tries = wanted === undefined ? 1 : wanted === 'all' ? Infinity : Number(wanted);
const only = process.env['BERTH_CRASH_ONLY']?.split(',');
const chosen = process.env['BERTH_CRASH_HOW']?.split(',');
const WAYS: readonly How[] = ['one', 'ENOSPC', 'all', 'EIO', 'EMFILE', 'EDQUOT', 'ENOMEM'];
const ways = WAYS.filter((how) => chosen?.includes(how) ?? true);
/** A sweep goes on after a fault, to find them all; what fails everywhere need not be tried on. */
const FAULTS_MAX = 10;
let registry: Registry | undefined;
let sweep: Sweep | undefined;

before(async () => {
  if (lacking.registry === false) registry = await startRegistry(lab.folder);
  sweep = new Sweep(await prepareGround(lab, registry));
});
lab.atEnd(async () => {
  await lab.ok(['rm', '-f', '-t', '0', '--all']);
  await registry?.stop();
});

/** Every point up to the command's end, or some that spread over its `calls`. */
function* pointsOf(calls: number, place: number): Generator<number> {
  for (let index = 0; index < tries; index++) {
    const share = ((place + index) * 0.618) % 1;
    yield tries === Infinity ? index + 1 : 1 + Math.floor(share * calls);
  }
}

/** Tries one scenario in one way; gives the number of points, or tells every one with a fault. */
async function sweepOne(name: string, how: How, place: number): Promise<number> {
  const scenario = SCENARIOS[name];
  assert.ok(scenario !== undefined && sweep !== undefined);
  const faults: Error[] = [];
  let points = 0;
  for (const at of pointsOf(scenario.calls, place)) {
    try {
      const isMet = await sweep.tryPoint(scenario, { at, how });
      if (!isMet && tries === Infinity) break;
    } catch (error) {
      await sweep.forget();
      faults.push(new Error(`${name}, ${how} at call ${at}`, { cause: error }));
      if (faults.length === FAULTS_MAX) break;
    }
    points += 1;
  }
  if (faults.length > 0) throw new AggregateError(faults, `${faults.length} of ${points} points`);
  return points;
}

for (const [place, name] of Object.keys(SCENARIOS).entries()) {
  if (only !== undefined && !only.includes(name)) continue;
  const { needs } = SCENARIOS[name] ?? {};
  const skip = needs === undefined ? false : lacking[needs];
  for (const how of wanted === undefined ? [WAYS[place % 3] ?? 'one'] : ways) {
    test(`${name}: ${how} at any call, and the next command works`, { skip }, async (context) => {
      context.diagnostic(`${await sweepOne(name, how, place)} points`);
    });
  }
}
