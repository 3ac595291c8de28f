/**
 * `berth load` of what is no image, or not the whole of one: an error, and nothing is left.
 */
import assert from 'node:assert/strict';
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
    assert.match(stderr, /^Error: /, input);
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

function requireNothingLeft(what: string): void {
  for (const part of ['staging', 'trash']) {
    assert.deepEqual(readdirSync(path.join(lab.data, 'v1', part)), [], `${part}, ${what}`);
  }
}
