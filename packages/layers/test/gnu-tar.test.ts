/** The property that users rely on: a layer looks as GNU tar, run by root, would have made it. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import test from 'node:test';
import { namespaceIsMissing, runInNamespace } from './in-namespace.ts';

const MORE = (process.env['BERTH_TEST_ARCHIVES'] ?? '').split(':').filter(existsSync);
/** Debian as `docker save` writes it, where test/lab/make-images has been. */
const DEBIAN = join(
  process.env['BERTH_LAB_CACHE'] ?? '/var/cache/berth-lab', 'images/docker-archive.tar');
/** Thousands of small files: in memory where there is some. */
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const missing = namespaceIsMissing();

test('a layer equals what GNU tar makes of the same archive, in every format', {
  skip: missing,
}, () => {
  withScratch((scratch) => {
    assert.equal(compareIn(scratch, []), 9);
  });
});

test('a whole Debian root equals what GNU tar makes of it', {
  skip: missing || (!existsSync(DEBIAN) && MORE.length === 0 && 'no image of test/lab/make-images'),
}, () => {
  withScratch((scratch) => {
    const archives = [...MORE, ...(existsSync(DEBIAN) ? [extractLayer(DEBIAN, scratch)] : [])];
    assert.equal(compareIn(scratch, archives), archives.length);
  });
});

/** Throws unless all trees are equal; answers how many there were. */
function compareIn(scratch: string, archives: readonly string[]): number {
  const done = runInNamespace('gnu-tar-comparison.ts', [scratch, ...archives]);
  assert.equal(done.stderr, '');
  const differences = JSON.parse(done.stdout) as Record<string, unknown[]>;
  for (const [name, found] of Object.entries(differences)) {
    assert.deepEqual(found, [], `differences in ${name}`);
  }
  return Object.keys(differences).length;
}

/** The archive's only layer as a file in `scratch`. */
function extractLayer(image: string, scratch: string): string {
  const read = (member: string): Buffer =>
    execFileSync('tar', ['-xOf', image, member], { maxBuffer: 1 << 30 });
  const [{ Layers: [member] }] = JSON.parse(read('manifest.json').toString()) as
    [{ Layers: [string] }];
  const layer = join(scratch, 'layer.tar');
  writeFileSync(layer, read(member));
  chmodSync(layer, 0o644);
  return layer;
}

function withScratch(work: (scratch: string) => void): void {
  const scratch = mkdtempSync(join(SCRATCH, 'berth-gnu-'));
  chmodSync(scratch, 0o755);
  try {
    work(scratch);
  } finally {
    spawnSync('sh', ['-c', `unshare -r --map-auto rm -rf "$1" || rm -rf "$1"`, 'sh', scratch], {
      stdio: 'ignore',
    });
  }
}
