/**
 * What may not stay when no container is left: processes, mounts, records, names, sockets, and what
 * was half made or half removed.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../e2e/harness.ts';
import { processesOf } from '../e2e/leaks.ts';

const STEP_MS = 50;
const PATIENCE_MS = 10_000;

/** Nothing is left of any container, or soon will be: supervisors end after their clients. */
export async function requireNothingLeft(lab: Lab): Promise<void> {
  const left = (): string[] =>
    [...filesOf(lab), ...processesOf(lab.folder).map(({ what }) => what)];
  for (let restMs = PATIENCE_MS; left().length > 0 && restMs > 0; restMs -= STEP_MS) {
    await sleep(STEP_MS);
  }
  assert.deepEqual(left(), []);
  const check = await lab.berth(['system', 'check', '--quick']);
  assert.equal(check.status, 0, check.stdout);
  assert.doesNotMatch(check.stdout, /^Unused/m);
}

/** The lock of the keepers is an empty file that stays. */
function filesOf(lab: Lab): string[] {
  const data = path.join(lab.data, 'v1');
  const run = path.join(lab.runtime, 'berth');
  const folders = [path.join(run, 'containers'), path.join(run, 'keepers'),
    ...['containers', 'containers/names', 'staging', 'trash'].map((name) => path.join(data, name))];
  return folders.flatMap((folder) => readdirSync(folder)
    .filter((name) => name !== 'names' && name !== 'lock')
    .map((name) => path.join(folder, name)));
}
