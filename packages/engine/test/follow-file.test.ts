/** Files that are read while they are written. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { followFile } from '../src/images/follow-file.ts';

function emptyFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'follow-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  writeFileSync(path, '');
  return path;
}

test('bytes come as they are written, and the last ones too', async (t) => {
  const path = emptyFile(t);
  const seen: string[] = [];
  let ended = (): void => undefined;
  const written = new Promise<void>((resolve) => {
    ended = resolve;
  });
  appendFileSync(path, 'one ');
  for await (const chunk of followFile(path, written)) {
    seen.push(chunk.toString());
    if (seen.length === 1) appendFileSync(path, 'two ');
    if (seen.length === 2) {
      // The end is known in the same moment as the last bytes.
      appendFileSync(path, 'three');
      ended();
    }
  }
  assert.deepEqual(seen, ['one ', 'two ', 'three']);
});

test('when the writing fails, so does the reading', async (t) => {
  const path = emptyFile(t);
  const written = sleep(30).then(() => {
    throw new Error('disk full');
  });
  await assert.rejects(async () => {
    for await (const chunk of followFile(path, written)) assert.fail(chunk.toString());
  }, /disk full/);
});
