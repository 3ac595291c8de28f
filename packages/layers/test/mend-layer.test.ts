/**
 * Mending a layer puts back everything that the recipe knows, takes content from wherever it still
 * is, writes to no file that others share, and can be killed at any moment.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync, chmodSync, closeSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync,
  openSync, readFileSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { loadSyscalls } from '@berth/host';
import type { Syscalls } from '@berth/host';
import { archive } from '@berth/testing';
import { applyLayer, mendLayer, verifyLayer } from '../src/index.ts';
import type { MendAnswer, VerifyAnswer } from '../src/index.ts';
import { namespaceIsMissing, runInNamespace } from './in-namespace.ts';
import { chunksOf, reproduce } from './scratch-layer.ts';
import { describeTree } from './tree-manifest.ts';

const IS_ROOT = process.getuid?.() === 0;
const OWNERS = IS_ROOT ? 'native' : 'record';
const MTIME = 1_700_000_000;
const LARGE = 'x'.repeat(300_000);
const SPARSE = [
  ['GNU.sparse.size', '9000000'], ['GNU.sparse.numblocks', '1'],
  ['GNU.sparse.offset', '5000000'], ['GNU.sparse.numbytes', '5'],
] as const;
const HOLE = [
  ['GNU.sparse.size', '5000'], ['GNU.sparse.numblocks', '1'],
  ['GNU.sparse.offset', '5000'], ['GNU.sparse.numbytes', '0'],
] as const;

/** A layer with one of each kind; the second has some of its files. */
const BYTES = archive(
  { name: './', flag: '5', mode: 0o755, mtime: MTIME },
  { name: 'etc/', flag: '5', mode: 0o2755, uid: 3, gid: 4, mtime: MTIME },
  { name: 'etc/passwd', flag: '0', body: 'root:x:0:0\n', mtime: MTIME },
  { name: 'etc/same', flag: '1', linkName: 'etc/passwd' },
  { name: 'etc/empty', flag: '0', mode: 0o4600, uid: 1, gid: 2, mtime: MTIME,
    pax: [['SCHILY.xattr.user.note', 'n']] },
  { name: 'etc/link', flag: '2', linkName: 'passwd', mtime: MTIME },
  { name: 'etc/link2', flag: '1', linkName: 'etc/link' },
  { name: 'etc/pipe', flag: '6', mode: 0o600, mtime: MTIME },
  { name: 'etc/.wh.hidden', flag: '0' },
  { name: 'opt/.wh..wh..opq', flag: '0' },
  { name: 'usr/bin/large', flag: '0', body: LARGE, mode: 0o755, mtime: MTIME },
  { name: 'usr/bin/sparse', flag: '0', body: 'piece', pax: SPARSE, mtime: MTIME },
  { name: 'usr/bin/hole', flag: '0', pax: HOLE, mtime: MTIME },
);
const OTHER_BYTES = archive(
  { name: 'srv/copy', flag: '0', body: LARGE, mode: 0o600 },
  { name: 'srv/sparse', flag: '0', body: 'piece', pax: SPARSE },
);

/** The recipe knows no times of whiteouts, and of directories that no entry describes. */
function described(tree: string): unknown {
  return Object.entries(describeTree(tree)).map(([path, { mtimeNs, ...node }]) =>
    [path, { ...node, mtimeNs: mtimeNs < '175' ? mtimeNs : 'now' }]);
}

interface Layer {
  readonly tree: string;
  readonly recipe: string;
  readonly diffId: string;
  readonly recipeDigest: string;
}

/** Two layers in a folder that is removed afterwards. */
async function withLayers(work: (layer: Layer, other: Layer) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-mend-'));
  const home = process.cwd();
  try {
    const layer = await unpackAt(join(directory, 'one'), BYTES);
    await work(layer, await unpackAt(join(directory, 'two'), OTHER_BYTES));
  } finally {
    process.chdir(home);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function unpackAt(directory: string, bytes: Buffer): Promise<Layer> {
  const [tree, recipe] = [join(directory, 'fs'), join(directory, 'recipe')];
  mkdirSync(tree, { recursive: true });
  chmodSync(tree, 0o755);
  const recipeFd = openSync(recipe, 'wx+');
  process.chdir(tree);
  const { diffId } = await applyLayer({ blob: chunksOf(bytes, 4096), recipeFd, owners: OWNERS });
  process.chdir('/');
  closeSync(recipeFd);
  const digest = createHash('sha256').update(readFileSync(recipe)).digest('hex');
  return { tree, recipe, diffId, recipeDigest: `sha256:${digest}` };
}

const POLICY = { owners: OWNERS, canLackAttributes: false, quick: false } as const;

function mend(layer: Layer, options: { others?: readonly Layer[]; quick?: boolean } = {}) {
  const { others = [], quick = false } = options;
  const answer: MendAnswer =
    mendLayer({ ...POLICY, ...layer, quick, others }, (tree) => process.chdir(tree));
  process.chdir('/');
  return answer;
}

function verify(layer: Layer): Promise<VerifyAnswer> {
  return verifyLayer({ ...POLICY, ...layer, part: 0, parts: 1 });
}

async function requireSound(layer: Layer, before: unknown): Promise<void> {
  assert.deepEqual(
    await verify(layer), { differences: [], more: 0, recipeProblem: undefined });
  assert.deepEqual(described(layer.tree), before);
  assert((await reproduce(layer.recipe, layer.tree)).equals(BYTES), 'another archive');
}

const calls: Syscalls = loadSyscalls();

/** What is done to a tree. All of it can be mended from the recipe and the second layer. */
const DAMAGE: Record<string, (tree: string, other: string) => void> = {
  'a mode': (tree) => chmodSync(join(tree, 'etc/passwd'), 0o777),
  'a lost set-id bit': (tree) => chmodSync(join(tree, 'etc/empty'), 0o600),
  'the mode of a directory': (tree) => chmodSync(join(tree, 'etc'), 0o700),
  'the mode of a directory that no entry describes': (tree) =>
    chmodSync(join(tree, 'usr/bin'), 0o700),
  'the mode of the root': (tree) => chmodSync(tree, 0o700),
  'a time': (tree) => utimesSync(join(tree, 'etc/empty'), 1, 2),
  'the time of a link': (tree) => {
    const then = { seconds: 1, nanoseconds: 0 };
    calls.lutimens(join(tree, 'etc/link'), then, then);
  },
  'an additional attribute': (tree) => {
    calls.lsetxattr(join(tree, 'etc/passwd'), 'user.more', Buffer.from('x'));
  },
  'another attribute': (tree) => {
    calls.lsetxattr(join(tree, 'etc/empty'), 'user.note', Buffer.from('x'));
  },
  'a lost attribute': (tree) => {
    calls.lremovexattr(join(tree, 'etc/empty'), 'user.note');
  },
  'a lost mark of overlay': (tree) => {
    calls.lremovexattr(join(tree, 'opt'), 'user.overlay.opaque');
  },
  'an additional mark of overlay': (tree) => {
    calls.lsetxattr(join(tree, 'etc'), 'user.overlay.opaque', Buffer.from('y'));
  },
  'a missing whiteout': (tree) => unlinkSync(join(tree, 'etc/hidden')),
  'a missing link': (tree) => unlinkSync(join(tree, 'etc/link')),
  'another target': (tree) => {
    for (const name of ['etc/link', 'etc/link2']) {
      unlinkSync(join(tree, name));
      symlinkSync('/etc/shadow', join(tree, name));
    }
  },
  'a missing pipe': (tree) => unlinkSync(join(tree, 'etc/pipe')),
  'a missing empty file': (tree) => unlinkSync(join(tree, 'etc/empty')),
  'a missing file of holes': (tree) => unlinkSync(join(tree, 'usr/bin/hole')),
  'a missing hard link': (tree) => unlinkSync(join(tree, 'etc/passwd')),
  'a hard link that became a copy': (tree) => {
    const text = readFileSync(join(tree, 'etc/same'));
    unlinkSync(join(tree, 'etc/same'));
    writeFileSync(join(tree, 'etc/same'), text);
  },
  'a missing empty directory': (tree) => rmSync(join(tree, 'opt'), { recursive: true }),
  'a missing directory whose content others have': (tree) =>
    rmSync(join(tree, 'usr'), { recursive: true }),
  'a directory that was moved away': (tree) => renameSync(join(tree, 'etc'), join(tree, 'etc2')),
  'a file that was moved away': (tree) => renameSync(join(tree, 'usr/bin/large'), join(tree, 'l')),
  'a directory in the place of a file': (tree) => {
    unlinkSync(join(tree, 'etc/empty'));
    mkdirSync(join(tree, 'etc/empty/deep'), { recursive: true });
  },
  'a file in the place of a directory': (tree) => {
    rmSync(join(tree, 'opt'), { recursive: true });
    writeFileSync(join(tree, 'opt'), '');
  },
  'additional files and directories': (tree) => {
    mkdirSync(join(tree, 'etc/more/deep'), { recursive: true });
    writeFileSync(join(tree, 'etc/more/deep/\u00fc'), 'x');
    symlinkSync('/', join(tree, 'etc/more/root'));
  },
  'a byte of a file that another layer has': (tree) => {
    const fd = openSync(join(tree, 'usr/bin/large'), 'r+');
    writeSync(fd, 'y', 299_999);
    closeSync(fd);
    utimesSync(join(tree, 'usr/bin/large'), MTIME, MTIME);
  },
  'a byte of a file with holes': (tree) => {
    const fd = openSync(join(tree, 'usr/bin/sparse'), 'r+');
    writeSync(fd, 'y', 5_000_001);
    closeSync(fd);
  },
  'a file that another layer has, cut short': (tree) =>
    writeFileSync(join(tree, 'usr/bin/large'), 'x'),
  'a file that grew': (tree) => appendFileSync(join(tree, 'etc/empty'), 'a'),
  ...(IS_ROOT ? {
    'an owner': (tree: string) => {
      calls.lchown(join(tree, 'etc/empty'), 7, 8);
      calls.lchown(join(tree, 'etc'), 7, 8);
      calls.lchown(join(tree, 'etc/link'), 7, 8);
    },
  } : {}),
};

for (const [title, how] of Object.entries(DAMAGE)) {
  test(`mending a layer puts back ${title}`, async () => {
    await withLayers(async (layer, other) => {
      const [before, beforeOther] = [layer, other].map(({ tree }) => described(tree));
      how(layer.tree, other.tree);
      assert.notDeepEqual((await verify(layer)).differences, []);
      assert.equal(mend(layer, { others: [other] }).failure, undefined);
      await requireSound(layer, before);
      assert.deepEqual(described(other.tree), beforeOther);
    });
  });
}

if (!IS_ROOT) {
  test('all of this holds where there are owners', { skip: namespaceIsMissing() }, () => {
    const { status, stdout } = runInNamespace('./mend-layer.test.ts', []);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /ok \d+ - mending a layer puts back an owner/);
  });
}

test('mending a sound layer changes nothing, not even the time of a change', async () => {
  await withLayers(async (layer) => {
    const paths = ['', 'etc', 'etc/passwd', 'etc/link', 'etc/empty', 'usr/bin/large'];
    const times = () => paths.map((path) => lstatSync(join(layer.tree, path)).ctimeMs);
    const before = times();
    mend(layer);
    assert.deepEqual(times(), before);
  });
});

test('content that is nowhere stays missing, and everything else is mended', async () => {
  await withLayers(async (layer) => {
    unlinkSync(join(layer.tree, 'usr/bin/large'));
    chmodSync(join(layer.tree, 'etc/passwd'), 0o777);
    assert.equal(mend(layer).failure, undefined);
    assert.deepEqual((await verify(layer)).differences,
      [{ path: 'usr/bin/large', problem: 'is missing' }]);
  });
});

test('a quick mending does not hide another content behind the right time', async () => {
  await withLayers(async (layer) => {
    writeFileSync(join(layer.tree, 'usr/bin/large'), 'y'.repeat(LARGE.length));
    mend(layer, { quick: true });
    const [found] = (await verify(layer)).differences;
    assert.match(found?.problem ?? '', /changed at/);
  });
});

test('files that share an inode with another layer are replaced, not changed', async () => {
  await withLayers(async (layer, other) => {
    const own = join(layer.tree, 'usr/bin/large');
    const theirs = join(other.tree, 'srv/copy');
    const before = described(layer.tree);
    unlinkSync(own);
    linkSync(theirs, own);
    const shared = JSON.stringify(lstatSync(theirs, { bigint: true }), (_, value: unknown) =>
      (typeof value === 'bigint' ? String(value) : value));
    mend(layer, { others: [other] });
    await requireSound(layer, before);
    const after = lstatSync(theirs, { bigint: true });
    assert.notEqual(after.ino, lstatSync(own, { bigint: true }).ino);
    assert.match(shared, new RegExp(`"mode":"${after.mode}".*"mtimeNs":"${after.mtimeNs}"`));
    assert.deepEqual((await verify(other)).differences, []);
  });
});

test('a tree whose directories became links out of it is mended, and nothing else', async () => {
  await withLayers(async (layer, other) => {
    const before = described(layer.tree);
    const outside = join(layer.tree, '../outside');
    renameSync(join(layer.tree, 'etc'), outside);
    chmodSync(join(outside, 'passwd'), 0o666);
    symlinkSync('../outside', join(layer.tree, 'etc'));
    symlinkSync('../../outside', join(layer.tree, 'usr/more'));
    const beforeOutside = described(outside);
    mend(layer, { others: [other] });
    assert.deepEqual(described(outside), beforeOutside);
    // What was carried out of the tree is lost to it, but for what the recipe has.
    assert.deepEqual((await verify(layer)).differences.map(({ path }) => path),
      ['etc/passwd', 'etc/same']);
    rmSync(join(layer.tree, 'etc'), { recursive: true });
    chmodSync(join(outside, 'passwd'), 0o644);
    renameSync(outside, join(layer.tree, 'etc'));
    mend(layer, { others: [other] });
    await requireSound(layer, before);
  });
});

test('a recipe that is not proven mends nothing', async () => {
  await withLayers(async (layer) => {
    chmodSync(join(layer.tree, 'etc/passwd'), 0o777);
    appendFileSync(layer.recipe, 'x');
    const { failure, isWorthAnotherTry } = mend(layer);
    assert.match(failure ?? '', /not what was written/);
    assert.equal(isWorthAnotherTry, false);
    assert.equal(lstatSync(join(layer.tree, 'etc/passwd')).mode & 0o777, 0o777);
  });
});

test('a full disk ends the mending and is told', async () => {
  await withLayers(async (layer, other) => {
    unlinkSync(join(layer.tree, 'usr/bin/large'));
    const { pwrite } = calls;
    calls.pwrite = () => -28;
    try {
      const { failure, isWorthAnotherTry } = mend(layer, { others: [other] });
      assert.match(failure ?? '', /no space left on device/);
      assert.equal(isWorthAnotherTry, true);
    } finally {
      calls.pwrite = pwrite;
    }
    assert(!existsSync(join(layer.tree, '.wh..wh.berth-mend')));
  });
});

/** Every call that changes something. */
const CHANGES = [
  'open', 'pwrite', 'ftruncate', 'fsync', 'lchown', 'chmod', 'lutimens', 'mkdir', 'mknod',
  'symlink', 'link', 'unlink', 'rmdir', 'rename', 'lsetxattr', 'lremovexattr',
] as const;

/** Like a kill at the n-th change: from there on, nothing is done, and nothing cleaned up. */
function killedAt(step: number, work: () => void): boolean {
  const originals = { ...calls };
  let done = 0;
  for (const name of CHANGES) {
    const original = calls[name] as (...args: unknown[]) => number;
    Object.assign(calls, { [name]: (...args: unknown[]) => {
      done += 1;
      if (done > step) throw new Error('killed');
      return original(...args);
    } });
  }
  try {
    work();
    return false;
  } catch (error) {
    assert.equal((error as Error).message, 'killed');
    return true;
  } finally {
    Object.assign(calls, originals);
    process.chdir('/');
  }
}

test('a mending that is killed at any step is completed by the next', async () => {
  let isKilled = true;
  let steps = 0;
  for (; isKilled; steps += 1) {
    await withLayers(async (layer, other) => {
      const [before, beforeOther] = [layer, other].map(({ tree }) => described(tree));
      for (const title of ['a mode', 'a missing hard link', 'another target', 'a missing whiteout',
        'a directory in the place of a file', 'additional files and directories',
        'a missing directory whose content others have']) DAMAGE[title]?.(layer.tree, other.tree);
      isKilled = killedAt(steps, () => mend(layer, { others: [other] }));
      if (isKilled) mend(layer, { others: [other] });
      await requireSound(layer, before);
      assert.deepEqual(described(other.tree), beforeOther);
    });
  }
  assert(steps > 40, `${steps} steps`);
});
