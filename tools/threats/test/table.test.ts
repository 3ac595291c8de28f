/** SECURITY.md names the tests that there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { withTable } from '../table.ts';

const ROOT = join(import.meta.dirname, '../../..');

test('the table of attacks in SECURITY.md is what tools/threats/main.ts writes', () => {
  const document = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  assert.equal(document, withTable(document, ROOT));
  assert.ok(document.split('\n').filter((line) => line.startsWith('| CVE-')).length > 30);
});
