/**
 * `berth load`: what is no image, or not the whole of one, is an error, and nothing is left.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();

test('a refused load leaves neither scratch files nor trash', async () => {
  const name = await lab.image({ name: 'localhost/app:1', layers: [{ file: 'x'.repeat(9000) }] });
  const whole = path.join(lab.folder, 'whole.tar');
  await lab.ok(['save', '-o', whole, name]);
  await lab.ok(['rmi', name]);
  const bytes = readFileSync(whole);
  const cut = path.join(lab.folder, 'cut.tar');
  writeFileSync(cut, bytes);
  truncateSync(cut, bytes.length / 2);
  const damaged = path.join(lab.folder, 'damaged.tar');
  const changed = Buffer.from(bytes);
  changed.fill('y', bytes.indexOf('xxxx'), bytes.indexOf('xxxx') + 4);
  writeFileSync(damaged, changed);
  const junk = path.join(lab.folder, 'junk');
  writeFileSync(junk, Buffer.alloc(4096, 'junk'));
  const folder = path.join(lab.folder, 'folder');
  mkdirSync(folder);
  for (const input of [cut, damaged, junk, folder]) {
    const { status, stderr } = await lab.berth(['load', '-i', input]);
    assert.equal(status, 125, input);
    // Another layer of it may be done before.
    assert.match(stderr, /^Error: /m, input);
    requireNothingLeft(input);
  }
  for (const input of [bytes.subarray(0, bytes.length / 2), Buffer.alloc(4096, 'junk')]) {
    const { status } = await lab.berth(['load'], { input });
    assert.equal(status, 125);
    requireNothingLeft('standard input');
  }
  await lab.ok(['load', '-i', whole]);
  await lab.ok(['rmi', name]);
});

// Above 4 MiB a thread hashes it, which starts when the worker has left the host's root.
test('a large layer is loaded when it is whole, and refused when a byte differs', async () => {
  const text = 'a line of a large file\n'.repeat(1 << 19);
  const name = await lab.image({ name: 'localhost/large:1', layers: [{ '/large': text }] });
  const whole = path.join(lab.folder, 'large.tar');
  await lab.ok(['save', '-o', whole, name]);
  await lab.ok(['rmi', name]);
  const changed = readFileSync(whole);
  changed.write('A', changed.lastIndexOf('a line of a large file'));
  const damaged = path.join(lab.folder, 'large-damaged.tar');
  writeFileSync(damaged, changed);
  const { status, stderr } = await lab.berth(['load', '-i', damaged]);
  assert.equal(status, 125);
  assert.match(stderr, /sha256:/);
  requireNothingLeft('damaged');
  await lab.ok(['load', '-i', whole]);
  const digest = createHash('sha256').update(text).digest('hex');
  const seen = await lab.ok(['run', '--rm', '--network', 'none', name, 'sha256sum', '/large']);
  assert.equal(seen.trim(), `${digest}  /large`);
  await lab.ok(['rmi', name]);
});

function requireNothingLeft(what: string): void {
  for (const part of ['staging', 'trash']) {
    assert.deepEqual(readdirSync(path.join(lab.data, 'v1', part)), [], `${part}, ${what}`);
  }
}
