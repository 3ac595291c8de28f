/** Whose a file is, by the ledger of a container. What else is asked is tested with export. */
import assert from 'node:assert/strict';
import {
  lstatSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { adoptLedger } from '../src/ledger.ts';
import { OwnerRecords } from '../src/owner-records.ts';

/** The owner of a link whose ledger has `lines`; INODE and BIRTH stand for its own. */
function ownerBy(lines: readonly string[], path = 'link', adopts = false): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-owners-'));
  const home = process.cwd();
  try {
    process.chdir(folder);
    symlinkSync('x', 'link');
    const status: BigIntStats = lstatSync('link', { bigint: true });
    const nanoseconds = String(status.birthtimeNs % 1_000_000_000n).padStart(9, '0');
    const birth = `${status.birthtimeNs / 1_000_000_000n}.${nanoseconds}`;
    const text = lines.map((line) =>
      `${line.replace('INODE', String(status.ino)).replace('BIRTH', birth)}\0`);
    writeFileSync('ledger', text.join(''));
    // As after a copy that keeps times: the file was changed later than it was written to.
    if (lines.includes(COPIED)) utimesSync('ledger', 1, 1);
    if (adopts) adoptLedger('ledger', '.');
    const { uid, gid } = new OwnerRecords({ ledger: 'ledger', recipes: [] })
      .ownerOf('link', path, status);
    const own = [process.getuid?.(), process.getgid?.()];
    return [uid, gid].map((id, index) => (id === own[index] ? 'own' : id)).join(':');
  } finally {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  }
}

const COPIED = 'copied';
const LATER = '9999999999.000000000';

const CASES: readonly [title: string, lines: string[], owner: string, path?: string][] = [
  ['no record', [], 'own:own'],
  ['the last record', ['7 8 INODE BIRTH /link', '70007 80008 INODE BIRTH /link'], '70007:80008'],
  ['what a record leaves', ['70007 - INODE BIRTH /link', '- 9 INODE BIRTH /x'], '70007:9'],
  ['a record of half an owner', ['- 9 INODE BIRTH /link'], 'own:9'],
  ['a record of a file that was copied up', ['7 8 1 BIRTH /link'], '7:8'],
  ['a record of the same file under another name', ['7 8 INODE BIRTH /old'], '7:8', 'new'],
  ['a record of an earlier file with the number', ['7 8 INODE 1.000000000 /link'], 'own:own'],
  ['a record where there are no births', ['7 8 INODE 0.000000000 /link'], '7:8'],
  ['a copied store: the record of the path', [COPIED, `7 8 5 ${LATER} /link`], '7:8'],
  ['a copied store: a record of a link before', [COPIED, '7 8 5 1.000000000 /link'], 'own:own'],
  ['a copied store: no births', [COPIED, '7 8 5 0.000000000 /link'], '7:8'],
  ['a copied store: a number means nothing', [COPIED, '7 8 INODE 0.000000000 /x'], 'own:own'],
  ['a copied store: halves', [COPIED, `7 - 5 ${LATER} /link`, `- 8 5 ${LATER} /link`], '7:8'],
  ['records that say nothing', ['7 8', '-1 2 INODE BIRTH /link', 'x'.repeat(99)], 'own:own'],
];

for (const [title, lines, owner, path] of CASES) {
  test(`the owner of a link: ${title}`, () => assert.equal(ownerBy(lines, path), owner));
  if (!lines.includes(COPIED)) continue;
  test(`the owner of a link, after a start: ${title}`, () => {
    assert.equal(ownerBy(lines, path, true), owner);
  });
}
