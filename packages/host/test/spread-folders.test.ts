/** Tests of the hint for ext4's allocator, read back as chattr's users would. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { spreadFolders } from '../src/index.ts';

test('a folder whose folders are spread has the attribute T, besides those that it had', (t) => {
  // Scratch folders are often on a tmpfs, which has no such attribute; this one is on a disk.
  const directory = mkdtempSync('/var/tmp/berth-spread-');
  t.after(() => rmSync(directory, { recursive: true }));
  const chattr = spawnSync('chattr', ['+dT', directory]);
  if (chattr.status !== 0) {
    t.skip('/var/tmp is on a file system without chattr +T');
    return;
  }
  spawnSync('chattr', ['-T', directory]);
  assert.match(attributes(directory), /d/);
  assert.doesNotMatch(attributes(directory), /T/);
  spreadFolders(directory);
  spreadFolders(directory);
  assert.match(attributes(directory), /d.*T/);
});

test('where the file system has no such hint, nothing happens', () => {
  spreadFolders('/proc');
});

test('what is no folder is an error', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-spread-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'file'), '');
  assert.throws(() => spreadFolders(join(directory, 'file')), { code: 'ENOTDIR' });
  assert.throws(() => spreadFolders(join(directory, 'none')), { code: 'ENOENT' });
});

/** What lsattr shows before the name. */
function attributes(directory: string): string {
  const { stdout } = spawnSync('lsattr', ['-d', directory], { encoding: 'utf8' });
  return stdout.split(' ')[0] ?? '';
}
