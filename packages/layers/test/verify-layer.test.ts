/**
 * Checking a layer finds every way in which a tree or a recipe can have changed since it was
 * unpacked. That it finds nothing in untouched trees is checked wherever tests unpack.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync, chmodSync, closeSync, linkSync, mkdirSync, mkdtempSync, openSync, readFileSync,
  renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync, writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadSyscalls } from '@berth/host';
import { applyLayer, verifyLayer } from '../src/index.ts';
import type { VerifyAnswer, VerifyJob } from '../src/index.ts';
import { namespaceIsMissing, runInNamespace } from './in-namespace.ts';
import { chunksOf } from './scratch-layer.ts';
import { archive } from '@berth/testing';

const IS_ROOT = process.getuid?.() === 0;
const MTIME = 1_700_000_000;

/** A layer with one of each kind. */
const BYTES = archive(
  { name: 'etc/', flag: '5', mode: 0o755, mtime: MTIME },
  { name: 'etc/passwd', flag: '0', body: 'root:x:0:0\n', mode: 0o644, mtime: MTIME },
  { name: 'etc/same', flag: '1', linkName: 'etc/passwd' },
  { name: 'etc/empty', flag: '0', mode: 0o600, mtime: MTIME },
  { name: 'etc/link', flag: '2', linkName: 'passwd', mtime: MTIME },
  { name: 'etc/pipe', flag: '6', mode: 0o600, mtime: MTIME },
  { name: 'usr/bin/large', flag: '0', body: 'x'.repeat(3_000_000), mode: 0o755, mtime: MTIME },
);

interface Spoiled {
  readonly tree: string;
  readonly recipe: string;
}

async function spoil(
  how: (layer: Spoiled) => void,
  options: Partial<VerifyJob> = {},
): Promise<VerifyAnswer> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-verify-'));
  const home = process.cwd();
  const layer = { tree: join(directory, 'fs'), recipe: join(directory, 'recipe') };
  mkdirSync(layer.tree);
  chmodSync(layer.tree, 0o755);
  const recipeFd = openSync(layer.recipe, 'wx+');
  try {
    process.chdir(layer.tree);
    const owners = IS_ROOT ? 'native' : 'record';
    const { diffId } = await applyLayer({ blob: chunksOf(BYTES, 4096), recipeFd, owners });
    process.chdir(home);
    how(layer);
    return await verifyLayer({
      ...layer, diffId, owners, recipeDigest: undefined, canLackAttributes: false,
      part: 0, parts: 1, quick: false, ...options,
    });
  } finally {
    process.chdir(home);
    closeSync(recipeFd);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What is done to a tree, and the path and the problem that must be found. */
const CASES: Record<string, [how: (tree: string) => void, path: string, problem: RegExp]> = {
  'a byte changed, length and time kept': [(tree) => {
    const file = join(tree, 'usr/bin/large');
    const fd = openSync(file, 'r+');
    writeSync(fd, 'y', 2_999_999);
    closeSync(fd);
    utimesSync(file, MTIME, MTIME);
  }, 'usr/bin/large', /another content/],
  'a file cut short':
    [(tree) => truncateSync(join(tree, 'etc/passwd'), 3), 'etc/passwd', /3 bytes/],
  'a file that grew':
    [(tree) => appendFileSync(join(tree, 'etc/empty'), 'a'), 'etc/empty', /1 byte/],
  'a mode': [(tree) => chmodSync(join(tree, 'etc/passwd'), 0o4644), 'etc/passwd', /mode 4644/],
  'the mode of a directory': [(tree) => chmodSync(join(tree, 'etc'), 0o777), 'etc', /mode 0777/],
  'the mode of a directory that no entry describes':
    [(tree) => chmodSync(join(tree, 'usr/bin'), 0o700), 'usr/bin', /mode 0700/],
  'a time': [(tree) => utimesSync(join(tree, 'etc/empty'), 1, 2), 'etc/empty', /changed at 1970/],
  'a missing file': [(tree) => unlinkSync(join(tree, 'etc/empty')), 'etc/empty', /missing/],
  'a missing directory':
    [(tree) => rmSync(join(tree, 'usr'), { recursive: true }), 'usr', /missing/],
  'an additional file':
    [(tree) => writeFileSync(join(tree, 'etc/shadow'), ''), 'etc/shadow', /not in the layer/],
  'an additional directory':
    [(tree) => mkdirSync(join(tree, 'opt')), 'opt', /not in the layer/],
  'another link target': [(tree) => {
    unlinkSync(join(tree, 'etc/link'));
    symlinkSync('/etc/shadow', join(tree, 'etc/link'));
  }, 'etc/link', /points to "\/etc\/shadow"/],
  'a file that became a link': [(tree) => {
    unlinkSync(join(tree, 'etc/empty'));
    symlinkSync('/etc/passwd', join(tree, 'etc/empty'));
  }, 'etc/empty', /is a symlink, not a file/],
  'a directory that became a link out of the tree': [(tree) => {
    renameSync(join(tree, 'etc'), join(tree, '../etc'));
    symlinkSync('../etc', join(tree, 'etc'));
  }, 'etc', /is a symlink, not a directory/],
  'a hard link that became a copy': [(tree) => {
    const text = readFileSync(join(tree, 'etc/same'));
    unlinkSync(join(tree, 'etc/same'));
    writeFileSync(join(tree, 'etc/same'), text, { mode: 0o644 });
    utimesSync(join(tree, 'etc/same'), MTIME, MTIME);
  }, 'etc/same', /no longer a hard link/],
  'an extended attribute': [(tree) => {
    loadSyscalls().lsetxattr(join(tree, 'etc/empty'), 'user.note', Buffer.from('x'));
  }, 'etc/empty', /attribute "user.note" in addition/],
  'a mark of overlay': [(tree) => {
    loadSyscalls().lsetxattr(join(tree, 'etc'), 'user.overlay.opaque', Buffer.from('y'));
  }, 'etc', /attribute "user.overlay.opaque" in addition/],
};

for (const [title, [how, path, problem]] of Object.entries(CASES)) {
  test(`checking a layer finds ${title}`, async () => {
    const { differences } = await spoil(({ tree }) => how(tree));
    const problems = differences.filter((difference) => difference.path === path);
    assert.match(problems.map((found) => found.problem).join(), problem);
  });
}

if (IS_ROOT) {
  test('checking a layer finds an owner', async () => {
    const { differences } = await spoil(({ tree }) => {
      loadSyscalls().lchown(join(tree, 'etc/empty'), 7, 0);
    });
    assert.deepEqual(differences, [{ path: 'etc/empty', problem: 'belongs to 7:0, not to 0:0' }]);
  });
} else {
  test('all of this holds where there are owners', { skip: namespaceIsMissing() }, () => {
    const { status, stdout } = runInNamespace('./verify-layer.test.ts', []);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /ok \d+ - checking a layer finds an owner/);
  });
}

test('each difference is found by exactly one of several parts', async () => {
  const parts = 3;
  const found: string[] = [];
  for (let part = 0; part < parts; part += 1) {
    const { differences } = await spoil(({ tree }) => {
      chmodSync(join(tree, 'etc/empty'), 0o644);
      writeFileSync(join(tree, 'usr/bin/large'), 'z'.repeat(3_000_000));
      utimesSync(join(tree, 'usr/bin/large'), MTIME, MTIME);
      rmSync(join(tree, 'etc/pipe'));
      rmSync(join(tree, 'etc/same'));
    }, { part, parts });
    found.push(...differences.map((difference) => difference.path));
  }
  assert.deepEqual(found.sort(), ['etc/empty', 'etc/pipe', 'etc/same', 'usr/bin/large']
    .concat(['etc', 'usr/bin'].filter((path) => found.includes(path))).sort());
});

test('checking a layer quickly reads no contents', async () => {
  const { differences } = await spoil(({ tree }) => {
    writeFileSync(join(tree, 'usr/bin/large'), 'z'.repeat(3_000_000));
    utimesSync(join(tree, 'usr/bin/large'), MTIME, MTIME);
  }, { quick: true });
  assert.deepEqual(differences.filter(({ path }) => path === 'usr/bin/large'), []);
});

test('a recipe with any byte changed is found', async () => {
  for (const at of [0, 20, 30, 40, 80, 200]) {
    const { recipeProblem, differences } = await spoil(({ recipe }) => {
      const bytes = readFileSync(recipe);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      writeFileSync(recipe, bytes);
    });
    assert(recipeProblem !== undefined || differences.length > 0, `byte ${at}`);
  }
});

test('a recipe that is missing or of another layer is found', async () => {
  const missing = await spoil(({ recipe }) => unlinkSync(recipe));
  assert.match(missing.recipeProblem ?? '', /ENOENT|no such file/i);
  const other = await spoil(() => undefined, { diffId: `sha256:${'0'.repeat(64)}` });
  assert.match(other.recipeProblem ?? '', /of layer sha256:/);
  const digest = await spoil(() => undefined, { recipeDigest: `sha256:${'0'.repeat(64)}` });
  assert.match(digest.recipeProblem ?? '', /not what was written/);
});

test('names that share one file in the archive and elsewhere are told apart', async () => {
  const { differences } = await spoil(({ tree }) => {
    linkSync(join(tree, 'etc/passwd'), join(tree, '..', 'outside'));
  });
  assert.deepEqual(differences, []);
});
