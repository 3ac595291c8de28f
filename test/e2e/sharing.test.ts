/**
 * Layers that have the same files at the same paths keep them once, and nobody can tell.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const layers = path.join(lab.data, 'v1/layers');
const LARGE = 'x'.repeat(5_000_000);

async function inodes(file: string): Promise<Set<string>> {
  const files = readdirSync(layers).map((layer) => `'${layers}/${layer}/fs/${file}'`).join(' ');
  const lines = await lab.ok(['unshare', 'sh', '-c', `stat -c %i ${files} 2>/dev/null || true`]);
  return new Set(lines.split('\n').filter((line) => line !== ''));
}

test('equal files of different layers are one, others are not; the store is sound', async () => {
  const common = { '/opt/large': LARGE, '/opt/small': 'small', '/opt/empty': '' };
  const one = await lab.image({ name: 'localhost/one:1', busybox: false, layers: [
    { ...common, '/opt/own': 'one', '/opt/mode': { text: 'm', mode: 0o600 } }] });
  const two = await lab.image({ name: 'localhost/two:1', busybox: false, layers: [
    { ...common, '/opt/own': 'two', '/opt/mode': { text: 'm', mode: 0o644 } }] });
  assert.equal((await inodes('opt/large')).size, 1);
  assert.equal((await inodes('opt/small')).size, 1);
  for (const file of ['opt/empty', 'opt/own', 'opt/mode']) {
    assert.equal((await inodes(file)).size, 2, file);
  }
  await lab.ok(['system', 'check']);
  await lab.ok(['rmi', one]);
  await lab.ok(['system', 'check']);
  const archive = path.join(lab.folder, 'two.tar');
  await lab.ok(['save', '-q', '-o', archive, two]);
  const id = await lab.ok(['image', 'inspect', '--format', '{{.Id}}', two]);
  await lab.ok(['rmi', two]);
  await lab.ok(['load', '-q', '-i', archive]);
  assert.equal(await lab.ok(['image', 'inspect', '--format', '{{.Id}}', two]), id);
});

test('within one image the same file in two layers shows as one name', async () => {
  await lab.ok(['rmi', '--all', '--force']);
  const file = { '/opt/large': LARGE };
  const image = await lab.image({ layers: [{ ...file, '/a': 'a' }, { ...file, '/b': 'b' }] });
  assert.equal((await inodes('opt/large')).size, 1);
  const script = 'wc -c < /opt/large; echo more >> /opt/large; wc -c < /opt/large; '
    + 'find / -xdev -samefile /opt/large';
  assert.equal(await lab.ok(['run', '--rm', image, 'sh', '-c', script]),
    '5000000\n5000005\n/opt/large');
  await lab.ok(['system', 'check']);
});
