/**
 * What users meet who run scripts of a folder, or images of another machine: why it can't be
 * executed, and what to do.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { openLab } from './harness.ts';

const lab = openLab();
const folder = path.join(lab.home, 'scripts');
let image = '';

before(async () => {
  image = await lab.image();
  mkdirSync(path.join(folder, 'folder'), { recursive: true });
});

async function refuses(words: readonly string[], status: number, said: RegExp): Promise<void> {
  const command = words.slice(words[0]?.startsWith('-') ? 2 : 0);
  const flags = words.slice(0, words.length - command.length);
  const fixed = ['run', '--rm', '--network=none', '-v', `${folder}:/s`, '-e', 'PATH=/s:/bin'];
  const ended = await lab.berth([...fixed, ...flags, image, ...command]);
  assert.equal(ended.status, status, `${command.join(' ')}: ${ended.stderr}`);
  assert.match(ended.stderr, said);
}

function file(name: string, content: string | Buffer, mode = 0o755): void {
  writeFileSync(path.join(folder, name), content, { mode });
}

test('a missing program, user or folder is told, with the status of Podman', async () => {
  file('script', '#!/no/bash -e\r\necho\r\n');
  await refuses(['script'], 127, /execute "script": its interpreter "\/no\/bash" is missing/);
  await refuses(['/s/script'], 127, /"\/s\/script": its interpreter "\/no\/bash" is missing/);
  await refuses(['absent'], 127, /execute "absent": executable file not found in PATH/);
  await refuses(['-w', '/no', 'true'], 126, /enter working directory "\/no": no such file/);
  await refuses(['-u', 'no', 'true'], 126, /find user "no": no matching entries in passwd/);
  await refuses(['-u', '1:no', 'true'], 126, /find group "no": no matching entries in group/);
});

test('a script with line ends of Windows is called that', async () => {
  file('windows', '#!/bin/sh\r\necho\r\n');
  const said = /"(\/s\/)?windows": its first line ends with a carriage .*\nhint: sed -i 's\/\\r\$/;
  await refuses(['/s/windows'], 127, said);
  await refuses(['windows'], 127, said);
});

test('a program for another machine is called that, and which image to take', async () => {
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(22, 18);
  file('mainframe', header);
  await refuses(['mainframe'], 126,
    /exec format error: a program for s390x, and this machine is (a\w+64)\nhint: .* linux\/\1 /);
});

test('a text without a first line, and an empty file, are no programs', async () => {
  file('text', 'echo text\n');
  file('empty', '');
  await refuses(['/s/text'], 126, /exec format error: no program, .*\nhint: .*#!\/bin\/sh/);
  await refuses(['/s/empty'], 126, /exec format error: the file is empty/);
});

test('what may not be executed, and why', async () => {
  file('plain', '#!/bin/sh\n', 0o644);
  const said = /execute "(\/s\/)?plain": permission denied: no one may .*\nhint: chmod \+x FILE/;
  await refuses(['/s/plain'], 126, said);
  await refuses(['plain'], 126, said);
  await refuses(['/s/folder'], 126, /"\/s\/folder": permission denied: it is a directory/);
});
