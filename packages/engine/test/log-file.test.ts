/** The files of a log, whose names change while they are looked at. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { closeLog, openLogs, openNewer, type LogPosition } from '../src/containers/log-file.ts';

const FILES = 30;
const LOOKS = 400;
/** One that is not removed soon. */
const LATE = FILES - 5;

/** Rotates as native/src/log.c does, for ever; each file holds the number of its rotation. */
const ROTATE = `
const fs = require('node:fs');
const path = process.argv[1];
const step = (number) => {
  for (let index = ${FILES}; index > 0; index--) {
    const from = index === 1 ? path : path + '.' + (index - 1);
    try { fs.renameSync(from, path + '.' + index); } catch {}
  }
  fs.writeFileSync(path, String(number));
  if (number === ${FILES}) process.stdout.write('ready');
  setTimeout(step, 4, number + 1);
};
step(0);
`;

const numberOf = ({ descriptor }: LogPosition): number => Number(readFileSync(descriptor, 'utf8'));

test('no file is left out or met twice while the log is rotated', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-log-'));
  const path = join(folder, 'log');
  const rotating = spawn(process.execPath, ['-e', ROTATE, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(rotating.stdout, 'data');
    for (let look = 0; look < LOOKS; look++) {
      const files = await openLogs(path);
      // The newest may have been made a moment ago, and still be empty.
      const numbers = files.slice(0, -1).map(numberOf);
      assert.ok(numbers.length >= FILES - 1, String(numbers));
      assert.deepEqual(numbers, numbers.map((_, index) => (numbers[0] ?? 0) + index));
      const newer = await openNewer(files[LATE], path);
      assert.ok(newer !== undefined);
      assert.equal(numberOf(newer), (numbers[LATE] ?? 0) + 1);
      [...files, newer].forEach(closeLog);
    }
  } finally {
    rotating.kill('SIGKILL');
    await once(rotating, 'close');
    rmSync(folder, { recursive: true, force: true });
  }
});
