/**
 * Few descriptors (`ulimit -n`): a command that lacks one says so, and what it could not start
 * leaves nothing behind that a user did not ask for.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute, type Result } from './execute.ts';
import { BUILD, openLab } from './harness.ts';

const lab = openLab();
let image = '';
const NONE = ['--network', 'none'];
before(async () => {
  image = await lab.image();
  await lab.ok(['create', ...NONE, '--name', 'rests', image, 'true']);
  await lab.ok(['run', '-d', ...NONE, '--name', 'runs', image, 'sleep', '1000']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

/** Node itself gives up with fewer: before it reads the first line of the program. */
const LEAST = BUILD === 'bun' ? 5 : 19;
const MOST = 32;
const IS_RUNTIME = /node:|Assertion failed|^$/;

async function limited(descriptors: number, args: readonly string[]): Promise<Result> {
  const script = 'ulimit -n "$1"; shift; exec "$@"';
  return execute(['sh', '-c', script, 'sh', String(descriptors), ...lab.command, ...args],
    { env: { ...lab.environment }, cwd: lab.home });
}

/** What there is besides the two containers; a supervisor may still be clearing up. */
async function left(): Promise<string[]> {
  const data = path.join(lab.data, 'v1');
  const found = (): string[] => [
    ...['containers/names', 'staging', 'trash'].flatMap((folder) =>
      readdirSync(path.join(data, folder))),
    ...readdirSync(path.join(data, 'containers')).slice(3).map((id) => `container ${id}`),
    ...readdirSync(path.join(lab.runtime, 'berth/containers')).slice(1).map((id) => `run ${id}`),
  ].filter((name) => name !== 'rests' && name !== 'runs');
  for (let tries = 40; found().length > 0 && tries > 0; tries -= 1) await sleep(50);
  return found();
}

const COMMANDS = (): readonly (readonly string[])[] => [
  ['run', '--rm', ...NONE, image, 'true'],
  ['--', 'run', '--rm', ...NONE, '-v', '/data', image, 'true'],
  ['run', '-d', '--rm', ...NONE, image, 'true'],
  ['run', ...NONE, '--name', 'kept', image, 'true'],
  ['start', '-a', 'rests'],
  ['exec', 'runs', 'true'],
];

test('what lacks descriptors says so, and leaves nothing', async () => {
  let failures = 0;
  for (let descriptors = LEAST; descriptors <= MOST; descriptors += BUILD === 'bun' ? 1 : 2) {
    for (const args of COMMANDS()) {
      const { status, stderr } = await limited(descriptors, args);
      const where = `${descriptors}: ${args.join(' ')}: ${status} ${stderr}`;
      if (status !== 0 && !(BUILD === 'node' && IS_RUNTIME.test(stderr))) {
        failures += 1;
        assert.match(stderr, /^Error: .+: .*(too many open files|EMFILE|exhaustion)/, where);
      }
      if (args.includes('kept')) await lab.ok(['rm', '-f', '--ignore', 'kept']);
      assert.deepEqual(await left(), [], where);
      if (args.includes('-v')) assert.equal(await lab.ok(['volume', 'ls', '-q']), '', where);
    }
  }
  assert.ok(failures > 0, 'there was never a lack');
  await lab.ok(['system', 'check', '--quick']);
});

test('a run that fails to start stays where it is to stay', async () => {
  for (let descriptors = MOST; descriptors >= LEAST; descriptors -= 1) {
    const run = ['run', ...NONE, '--name', 'kept', image, 'true'];
    const { status } = await limited(descriptors, run);
    const { stdout } = await lab.berth(['ps', '-a', '--filter', 'name=kept', '--format',
      '{{.Status}}']);
    if (status === 0) {
      assert.match(stdout, /^Exited \(0\)/);
    } else if (stdout !== '') {
      assert.match(stdout, /^(Created|Exited \(125\))/);
      await lab.ok(['start', '-a', 'kept']);
      await lab.ok(['rm', 'kept']);
      return;
    }
    await lab.ok(['rm', '-f', '--ignore', 'kept']);
  }
  assert.fail('no run failed after its container was made');
});
