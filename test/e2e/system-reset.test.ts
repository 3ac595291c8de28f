/**
 * `berth system reset`.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test('after a question everything goes, what runs too, and the next command works', async () => {
  const image = await lab.image();
  await lab.ok(['run', '-d', '--stop-timeout', '0', image, 'sleep', '100']);
  await lab.ok(['volume', 'create', 'data']);
  const { status, stderr } = await lab.berth(['system', 'reset'], { input: 'n\n' });
  assert.equal(status, 0);
  assert.match(stderr, /all containers\n.*all images\n.*all volumes/);
  assert.equal(await lab.ok(['volume', 'ls', '-q']), 'data');

  await lab.berth(['system', 'reset'], { input: 'y\n' });
  for (const args of [['ps', '-aq'], ['images', '-q'], ['volume', 'ls', '-q']]) {
    assert.equal(await lab.ok(args), '', args.join(' '));
  }
  assert.ok(!existsSync(`${lab.data}/v1/volumes/data`));
  assert.equal(await lab.ok(['run', '--rm', await lab.image(), 'echo', 'again']), 'again');
});

test('with --force nothing is asked, and there may be nothing', async () => {
  await lab.ok(['system', 'reset', '--force']);
  assert.equal(await lab.ok(['system', 'reset', '-f']), '');
  assert.equal((await lab.berth(['system', 'reset', 'now'])).status, 125);
});
