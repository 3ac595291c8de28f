/**
 * `berth rename`: another name for the same container.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('rename keeps the container and frees the old name', async () => {
  const id = await lab.ok(['create', '--name', 'old', image]);
  assert.equal(await lab.ok(['rename', 'old', 'new']), '');
  assert.equal(await lab.ok(['inspect', '-f', '{{.Id}}', 'new']), id);
  assert.equal((await lab.berth(['container', 'exists', 'old'])).status, 1);
  await lab.ok(['create', '--name', 'old', image]);
  const { status, stderr } = await lab.berth(['rename', 'old', 'new']);
  assert.equal(status, 125);
  assert.match(stderr, /"new"/);
});

test('a running one too, by the beginning of its id', async () => {
  const id = await lab.ok(['run', '-d', image, 'sleep', '1000']);
  await lab.ok(['rename', id.slice(0, 12), 'lives']);
  assert.equal(await lab.ok(['exec', 'lives', 'echo', 'here']), 'here');
});

test('the end of a container of --rm takes its own name away, and no other', async () => {
  await lab.ok(['run', '-d', '--rm', '--name', 'brief', image, 'sleep', '1000']);
  await lab.ok(['rename', 'brief', 'renamed']);
  const id = await lab.ok(['create', '--name', 'brief', image]);
  await lab.ok(['stop', '-t', '0', 'renamed']);
  const names = path.join(lab.data, 'v1/containers/names');
  const isThere = (): boolean => readdirSync(names).includes('renamed');
  for (let left = 100; isThere() && left > 0; left -= 1) await sleep(50);
  assert.ok(!isThere(), 'the name is given back');
  assert.equal(await lab.ok(['inspect', '-f', '{{.Id}}', 'brief']), id);
});

test('bad names and absent containers', async () => {
  for (const args of [['lives', 'a b'], ['lives', '-x'], ['absent', 'x'], ['lives']]) {
    const { status, stdout } = await lab.berth(['rename', ...args]);
    assert.deepEqual({ status, stdout }, { status: 125, stdout: '' }, args.join(' '));
  }
});
