/** The property that users rely on: a layer looks as GNU tar, run by root, would have made it. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { namespaceIsMissing, runInNamespace } from './in-namespace.ts';

/** Archives to compare besides the built-in tree, for example a whole Debian root. */
const MORE = (process.env['BERTH_TEST_ARCHIVES'] ?? '').split(':').filter(existsSync);

test('a layer equals what GNU tar makes of the same archive, in every format', {
  skip: namespaceIsMissing(),
}, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'berth-gnu-'));
  chmodSync(scratch, 0o755);
  try {
    const done = runInNamespace('gnu-tar-comparison.ts', [scratch, ...MORE]);
    assert.equal(done.stderr, '');
    const differences = JSON.parse(done.stdout) as Record<string, unknown[]>;
    assert(Object.keys(differences).length >= 9);
    for (const [name, found] of Object.entries(differences)) {
      assert.deepEqual(found, [], `differences in ${name}`);
    }
  } finally {
    spawnSync('sh', ['-c', `unshare -r --map-auto rm -rf "$1" || rm -rf "$1"`, 'sh', scratch], {
      stdio: 'ignore',
    });
  }
});
