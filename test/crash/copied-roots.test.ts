/**
 * Containers whose root file system is a copy, stopped while it is made: half of one is never taken
 * for a container, and nothing of it is left. BERTH_CRASH=all tries every call.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from '../e2e/harness.ts';
import { prepareGround } from './ground.ts';
import { SCENARIOS } from './scenarios.ts';
import { Sweep, type How } from './sweep.ts';

const lab = openLab();
const all = process.env['BERTH_CRASH'] === 'all';
let sweep: Sweep | undefined;

before(async () => {
  await lab.ok(['--storage-driver', 'copy', 'run', '--rm', '--network', 'none', 'hello']);
  sweep = new Sweep(await prepareGround(lab, undefined));
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** Most calls are those of the copy, which has some hundred links. */
const CASES: readonly [name: string, how: How, at: number][] = [
  ['create', 'all', 300], ['create', 'one', 300], ['run -d', 'ENOSPC', 60],
];

for (const [name, how, at] of CASES) {
  test(`${name} of a copy: ${how} at any call, and the next command works`, async () => {
    const scenario = SCENARIOS[name];
    assert.ok(scenario !== undefined && sweep !== undefined);
    if (!all) assert.ok(await sweep.tryPoint(scenario, { at, how }), 'it ended before that call');
    for (let every = 1; all; every += 1) {
      if (!await sweep.tryPoint(scenario, { at: every, how })) break;
    }
  });
}
