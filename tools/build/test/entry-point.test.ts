/** The code that an executable gets before its own start, in programs of every kind. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BuildError } from '../command.ts';
import { addEntryPoint } from '../entry-point.ts';

const NATIVE = path.resolve(import.meta.dirname, '../../../native');
const folder = mkdtempSync(path.join(tmpdir(), 'entry-'));
const helper = path.join(folder, 'berth-native');
const SOURCE = `
#include <stdio.h>
static int number = 41;
__attribute__((constructor)) static void first(void) { number++; }
int main(int argc, char **argv)
{
	printf("%d %d %s", number, argc, argv[argc - 1]);
	return 3;
}`;

before(() => {
  execFileSync('make', ['-s', '-C', NATIVE, 'build/entry.bin']);
  writeFileSync(path.join(folder, 'main.c'), SOURCE);
});
after(() => rmSync(folder, { recursive: true }));

/** A program with the new entry point, beside which berth-native says how it was called. */
function program(...flags: string[]): string {
  const file = path.join(folder, 'program');
  execFileSync('cc', [...flags, '-o', file, path.join(folder, 'main.c')]);
  addEntryPoint(file, path.join(NATIVE, 'build/entry.bin'));
  writeFileSync(helper, '#!/bin/sh\nprintf "native:"; printf " %s" "$@"\n', { mode: 0o755 });
  return file;
}

function output(file: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return stdout + stderr;
}

for (const flags of [['-no-pie'], ['-pie', '-fPIE'], ['-static'], ['-static-pie', '-fPIE']]) {
  test(`a program starts as before: ${flags[0]}`, () => {
    const file = program(...flags);
    assert.equal(output(file), `42 1 ${file}`);
    assert.equal(output(file, 'one', 'two', 'three'), '42 4 three');
    assert.equal(output(file, 'exec'), '42 2 exec');
    assert.equal(output(file, 'execute', 'two', 'three'), '42 4 three');
    assert.equal(spawnSync(file).status, 3);
  });
}

const isRoot = process.getuid?.() === 0;

test('exec and run go to berth-native, with every argument', { skip: isRoot && 'root' }, () => {
  const file = program('-no-pie');
  assert.equal(output(file, 'exec', 'two', 'a b'), `native: exec-again ${file} two a b`);
  assert.equal(output(file, 'run', 'two'), `native: run-again ${file} two`);
});

test('a berth-native that others can replace is not started', { skip: isRoot && 'root' }, () => {
  const file = program('-no-pie');
  for (const [changed, mode, usual] of [[helper, 0o757, 0o755], [folder, 0o707, 0o700]] as const) {
    chmodSync(changed, mode);
    assert.equal(output(file, 'exec', 'two', 'three'), '42 4 three');
    chmodSync(changed, usual);
  }
  rmSync(helper);
  assert.equal(output(file, 'exec', 'two', 'three'), '42 4 three');
});

test('what is no program is refused', () => {
  const file = path.join(folder, 'text');
  writeFileSync(file, '#!/bin/sh\n'.repeat(20));
  assert.throws(() => addEntryPoint(file, path.join(NATIVE, 'build/entry.bin')), BuildError);
});
