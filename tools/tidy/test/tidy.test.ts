/**
 * Runs tidy on small trees made for the purpose: each rule is broken once and its place named.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { tidy } from '../check.ts';

const MAIN = path.resolve(import.meta.dirname, '../main.ts');

/** A tree of the given files, removed after use. */
function withTree<T>(files: Record<string, string>, use: (root: string) => T): T {
  const root = mkdtempSync(path.join(tmpdir(), 'tidy-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(root, file), text);
    }
    return use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function violationsOf(files: Record<string, string>): string[] {
  return withTree(files, (root) =>
    tidy(root).violations.map(({ file, line, message }) => `${file}:${line}: ${message}`));
}

function body(text: string): string {
  return `/** A module. */\n${text}\n`;
}

const LONG_FUNCTION = `/** Long. */\nexport function long(): void {\n${'  work();\n'.repeat(60)}}`;
const DEEP = 'function f(): void {\n  if (a) for (;;) while (b) try { c(); } catch { d(); }\n}';
const LONG_C = `/* A module. */\nint f(void)\n{\n${'\twork();\n'.repeat(70)}}\n`;

const CASES: [string, string, string, string][] = [
  ['a sibling import', 'packages/layers/src/apply.ts', "import { f } from '@berth/storage';",
    '2: imports "@berth/storage": layers may import errors, oci, host'],
  ['an import upwards', 'packages/errors/src/redact.ts', "import type { D } from '@berth/oci';",
    '2: imports "@berth/oci": errors may import no package'],
  ['a lazy import upwards', 'packages/engine/src/run.ts', "const m = await import('@berth/cli');",
    '2: imports "@berth/cli": engine may import errors, oci, host, transport, layers, storage,'
    + ' bundle, isolation, network'],
  ['a forbidden re-export', 'packages/cli/src/run.ts', "export { f } from '@berth/host';",
    '2: imports "@berth/host": cli may import errors, engine'],
  ['a path into a package', 'packages/cli/src/run.ts', "import { f } from '../../host/src/a.ts';",
    '2: imports "../../host/src/a.ts": outside packages/cli, import the package by name'],
  ['a library of another package', 'packages/transport/src/a.ts', "import * as t from 'tar';",
    '2: imports "tar": only packages/layers may'],
  ['a library nobody owns', 'packages/oci/src/digest.ts', "import { z } from 'zod';",
    '2: imports "zod": a library without an owner in tools/tidy/rules.ts'],
  ['a runtime of one build', 'packages/engine/src/run.ts', "import { dlopen } from 'bun:ffi';",
    '2: imports "bun:ffi": only packages/host may'],
  ['a bare built-in', 'packages/oci/src/digest.ts', "import { join } from 'path';",
    '2: imports "path": write node:path'],
  ['a missing extension', 'packages/oci/src/digest.ts', "import { f } from './reference';",
    '2: imports "./reference": write the extension .ts'],
  ['tests in product code', 'packages/cli/src/run.ts', "import { f } from '@berth/testing';",
    '2: imports "@berth/testing": not a test'],
  ['a banned name', 'packages/oci/src/utils.ts', '', '1: file name "utils" says nothing'],
  ['a long line', 'packages/oci/src/a.ts', `// ${'x'.repeat(98)}`, '2: 101 columns, at most 100'],
  ['a long function', 'packages/oci/src/a.ts', LONG_FUNCTION,
    '3: function of 62 lines, at most 60'],
  ['a long file', 'packages/oci/src/a.ts', '\n'.repeat(300), '301: 302 lines, at most 300'],
  ['deep nesting', 'packages/oci/src/a.ts', DEEP, '3: nested 4 deep, at most 3'],
  ['four parameters', 'packages/oci/src/a.ts', 'const f = (a, b, c, d) => a;',
    '2: 4 parameters, at most 3: pass an options object'],
  ['the type any', 'packages/oci/src/a.ts', 'let a: any;', '2: type any'],
  ['a non-null assertion', 'packages/oci/src/a.ts', 'const a = b!;', '2: non-null assertion'],
  ['a default export', 'packages/oci/src/a.ts', 'export default 1;', '2: default export'],
  ['a bare export', 'packages/oci/src/a.ts', 'export const a = 1;',
    '2: exported without a docstring'],
  ['printing in the engine', 'packages/engine/src/a.ts', 'const f = () => console.log(1);',
    '2: console.log: only packages/cli prints or exits'],
  ['a side effect', 'packages/oci/src/a.ts', 'start();',
    '2: side effect when the module is loaded'],
];

for (const [title, file, text, expected] of CASES) {
  test(`tidy reports ${title} and names its place`, () => {
    assert.deepEqual(violationsOf({ [file]: body(text) }), [`${file}:${expected}`]);
  });
}

test('tidy reports a cycle once', () => {
  assert.deepEqual(violationsOf({
    'packages/oci/src/a.ts': body("import { b } from './b.ts';"),
    'packages/oci/src/b.ts': body("import { a } from './a.ts';"),
  }), ['packages/oci/src/b.ts:2: cycle: packages/oci/src/a.ts > packages/oci/src/b.ts']);
});

test('tidy reports a long C function and a file without a module comment', () => {
  assert.deepEqual(violationsOf({ 'native/src/a.c': LONG_C, 'native/src/b.c': 'int b;\n' }), [
    'native/src/a.c:3: function of 72 lines, at most 70',
    'native/src/b.c:1: no module comment at the top of the file',
  ]);
});

test('tidy passes a tree that keeps the rules', () => {
  assert.deepEqual(violationsOf({
    'packages/layers/src/apply.ts': body("import * as t from 'tar';\nimport '@berth/host';"),
    'packages/layers/test/apply.test.ts': body("import { apply } from '@berth/layers';"),
    'packages/cli/src/main.ts': body("import '@berth/engine';\nconsole.log(1);"),
    'native/src/a.c': '/* A module. */\nint a;\n',
  }), []);
});

test('the tidy command prints file:line and exits with 1 on a forbidden import', () => {
  const files = { 'packages/layers/src/apply.ts': body("import { f } from '@berth/storage';") };
  const run = withTree(files, (root) =>
    spawnSync(process.execPath, ['--import', 'tsx', MAIN, root], { encoding: 'utf8' }));
  assert.equal(run.status, 1);
  assert.match(run.stdout, /^packages\/layers\/src\/apply\.ts:2: imports "@berth\/storage": /);
});
