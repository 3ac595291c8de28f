/** Texts that users name are read whole, and have an end. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readBounded } from '../src/bounded-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-bounded-'));
after(() => rmSync(folder, { recursive: true }));

test('a file and a pipe are read to their end', () => {
  const text = 'ü\n'.repeat(100_000);
  const file = join(folder, 'text');
  writeFileSync(file, text);
  assert.equal(readBounded(file), text);
  const pipe = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  spawn('sh', ['-c', 'cat "$0" >"$1"', file, pipe], { stdio: 'ignore' });
  assert.equal(readBounded(pipe), text);
});

test('what has no end is refused', () => {
  const file = join(folder, 'sparse');
  writeFileSync(file, '');
  truncateSync(file, 2 ** 40);
  for (const path of [file, '/dev/zero']) assert.throws(() => readBounded(path), /16 MiB/);
});
