/**
 * Damaged records: whatever lies in the place of a container's file, every command ends, lists the
 * others, names what is damaged, and `rm -f` removes it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
let image = '';
before(async () => {
  image = await lab.image();
  await lab.ok(['create', '--name', 'fine', image, 'true']);
});
lab.atEnd(async () => lab.ok(['rm', '-f', '-t', '0', '--all']));

const DAMAGES: Readonly<Record<string, (file: string) => void>> = {
  'is cut off': (file) => writeFileSync(file, '{"ver'),
  'is empty': (file) => writeFileSync(file, ''),
  'holds garbage': (file) => writeFileSync(file, Buffer.from([0xff, 0, 10, 13, 0x80, 32, 10])),
  'is missing': (file) => rmSync(file, { recursive: true, force: true }),
  'is a directory': (file) => {
    rmSync(file, { recursive: true, force: true });
    mkdirSync(file);
  },
  'is a link': (file) => {
    rmSync(file, { recursive: true, force: true });
    symlinkSync('/etc/passwd', file);
  },
  'is a pipe': (file) => {
    rmSync(file, { recursive: true, force: true });
    execFileSync('mkfifo', [file]);
  },
};

const timeoutMs = 20_000;

for (const file of ['summary', 'config.json', 'spec.json', 'plan', 'lock', 'log', 'runs/1/exit']) {
  test(`a container whose ${file} is damaged is listed, and can be removed`, async () => {
    for (const [damage, spoil] of Object.entries(DAMAGES)) {
      await lab.ok(['run', '--network', 'none', '--name', 'hurt', image, 'true']);
      const id = await lab.ok(['ps', '-q', '--no-trunc', '--latest']);
      const folder = path.join(lab.data, 'v1/containers', id);
      spoil(path.join(folder, file));
      const listed = await lab.ok(['ps', '-a', '--no-trunc'], { timeoutMs });
      assert.ok(listed.includes('fine') && listed.includes(id), damage);
      const { stderr } = await lab.berth(['start', 'hurt'], { timeoutMs });
      assert.doesNotMatch(stderr, /bug in berth/, damage);
      await lab.ok(['rm', '-f', '-t', '0', 'hurt'], { timeoutMs });
      assert.ok(!existsSync(folder), damage);
    }
  });
}
