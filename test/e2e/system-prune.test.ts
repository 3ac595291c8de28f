/**
 * `berth system prune`.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
beforeEach(async () => {
  image = await lab.image();
  await lab.image({ name: 'localhost/unused:1', layers: [{ more: 'x'.repeat(5000) }] });
});

test('what is asked first names what would go, and no is an answer', async () => {
  await lab.ok(['create', image]);
  const { status, stderr } = await lab.berth(['system', 'prune', '--volumes'], { input: 'n\n' });
  assert.equal(status, 0);
  assert.match(stderr, /all stopped containers\n.*all volumes not used[^]*all dangling images/);
  assert.notEqual(await lab.ok(['ps', '-aq']), '');
  await lab.ok(['rm', '-a']);
});

test('containers at rest and dangling images go; what runs, names and volumes stay', async () => {
  await lab.ok(['run', '-d', '--name', 'runs', image, 'sleep', '100']);
  const id = await lab.ok(['create', '--name', 'rests', '-v', 'kept:/kept', image]);
  const { stdout } = await lab.berth(['system', 'prune', '-f']);
  assert.match(stdout, new RegExp(`^Deleted Containers\n${id}\nTotal reclaimed space: `));
  assert.equal(await lab.ok(['ps', '-a', '--format', '{{.Names}}']), 'runs');
  assert.equal(await lab.ok(['volume', 'ls', '-q']), 'kept');
  assert.equal((await lab.berth(['image', 'exists', 'unused:1'])).status, 0);
  await lab.ok(['untag', 'unused:1']);
  assert.match(await lab.ok(['system', 'prune', '-f']), /^Deleted Images\n[0-9a-f]{64}\nTotal/);
  await lab.ok(['rm', '-f', '-t', '0', 'runs']);
  await lab.ok(['volume', 'rm', 'kept']);
});

test('filters that another helper compiled go, the own ones stay', async () => {
  await lab.ok(['run', '--rm', '--network', 'none', image, 'true']);
  const folder = path.join(lab.home, '.cache/berth/seccomp');
  const own = readdirSync(folder);
  assert.ok(own.length > 0);
  writeFileSync(path.join(folder, '1-2-cafe.bpf'), 'of another');
  writeFileSync(path.join(folder, `${own[0]}.99`), 'cut off');
  await lab.ok(['system', 'prune', '-f']);
  assert.deepEqual(readdirSync(folder), own);
});

test('--all and --volumes take what nothing uses; a filter spares the rest', async () => {
  await lab.ok(['volume', 'create', 'free']);
  await lab.ok(['create', '--name', 'old', '--label', 'keep=yes', image]);
  await lab.ok(['system', 'prune', '-f', '--filter', 'label=keep=no']);
  assert.equal((await lab.berth(['container', 'exists', 'old'])).status, 0);
  const all = await lab.ok(['system', 'prune', '-af', '--volumes']);
  assert.match(all, /Deleted Containers\n[^]*Deleted Volumes\nfree\nDeleted Images\n/);
  assert.equal(await lab.ok(['images', '-q']) + await lab.ok(['volume', 'ls', '-q']), '');
  assert.equal((await lab.berth(['system', 'prune', '-f', '--filter', 'colour=red'])).status, 125);
});
