/**
 * `berth container prune`: what rests is removed.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

test('container prune asks, removes what rests and keeps what runs', async () => {
  await lab.ok(['run', '-d', '--name', 'keeps', image, 'sleep', '1000']);
  const id = await lab.ok(['create', image]);
  const { stdout } = await lab.berth(['container', 'prune'], { input: 'n\n' });
  assert.equal(stdout, '');
  assert.equal(await lab.ok(['container', 'prune', '-f']), id);
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'keeps');
});

test('filters keep what they do not mean', async () => {
  const labelled = await lab.ok(['create', '--label', 'old=1', image]);
  const other = await lab.ok(['create', image]);
  assert.equal(await lab.ok(['container', 'prune', '-f', '--filter', 'until=1h']), '');
  assert.equal(await lab.ok(['container', 'prune', '-f', '--filter', 'label=old']), labelled);
  assert.equal(await lab.ok(['ps', '-aq', '--no-trunc', '--filter', 'status=created']), other);
  assert.equal((await lab.berth(['container', 'prune', '-f', '--filter', 'x=y'])).status, 125);
});
