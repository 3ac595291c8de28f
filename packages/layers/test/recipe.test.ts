/** Tests of the recipe file: sizes, damage, and trees that have changed. */
import assert from 'node:assert/strict';
import {
  appendFileSync, chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync,
  symlinkSync, truncateSync, unlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { IntegrityError, SystemError } from '@berth/errors';
import { applyLayer, readRecipe } from '../src/index.ts';
import { chunksOf, reproduce } from './scratch-layer.ts';
import { archive } from '@berth/testing';

const LAYER = archive(
  { name: 'd', flag: '5' }, { name: 'd/f', body: 'content' },
  { name: 'large', body: 'x'.repeat(99_999) },
  { name: 'twice', body: 'first' }, { name: 'twice', body: 'second' });

/** Runs with an unpacked layer: its recipe's path and its tree. */
async function withLayer(
  run: (recipe: string, tree: string) => Promise<void> | void,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-recipe-'));
  const home = process.cwd();
  const [recipe, tree] = [join(directory, 'recipe'), join(directory, 'tree')];
  mkdirSync(tree);
  const recipeFd = openSync(recipe, 'wx+');
  try {
    process.chdir(tree);
    await applyLayer({ blob: chunksOf(LAYER, 4096), recipeFd, owners: 'record' });
    process.chdir(home);
    await run(recipe, tree);
  } finally {
    process.chdir(home);
    closeSync(recipeFd);
    rmSync(directory, { recursive: true });
  }
}

test('a recipe knows its diff id and length, and gives its records as often as asked', async () => {
  await withLayer((path) => {
    const recipe = readRecipe(path);
    assert.match(recipe.diffId, /^sha256:[0-9a-f]{64}$/);
    assert.equal(recipe.archiveBytes, LAYER.length);
    assert.equal(recipe.hasStored, true);
    const first = [...recipe.records()].map(({ kind }) => kind);
    assert.deepEqual([...recipe.records()].map(({ kind }) => kind), first);
    assert.deepEqual(
      first.filter((kind) => kind !== 'raw'), ['file', 'file', 'file', 'stored', 'file']);
    recipe.close();
  });
});

test('owners, modes and times of the tree do not matter', async () => {
  await withLayer(async (recipe, tree) => {
    chmodSync(join(tree, 'd/f'), 0o700);
    assert((await reproduce(recipe, tree)).equals(LAYER));
  });
});

const changes: Record<string, (tree: string) => void> = {
  'changed': (tree) => writeFileSync(join(tree, 'd/f'), 'CONTENT'),
  'shortened': (tree) => truncateSync(join(tree, 'large'), 99_998),
  'removed': (tree) => unlinkSync(join(tree, 'd/f')),
  'replaced by a link to the same content': (tree) => {
    writeFileSync(join(tree, 'copy'), 'content');
    unlinkSync(join(tree, 'd/f'));
    symlinkSync('../copy', join(tree, 'd/f'));
  },
  'emptied': (tree) => truncateSync(join(tree, 'twice'), 0),
};
for (const [name, change] of Object.entries(changes)) {
  test(`a file of the tree that was ${name} is found and named`, async () => {
    await withLayer(async (recipe, tree) => {
      change(tree);
      await assert.rejects(reproduce(recipe, tree), (error: unknown) => {
        assert(error instanceof IntegrityError);
        assert.equal(error.code, 'LAYER_CHANGED');
        assert.match(error.message, /"(?:d\/f|large|twice)"/);
        return true;
      });
    });
  });
}

test('what was appended to a file of the tree is not part of the layer', async () => {
  await withLayer(async (recipe, tree) => {
    appendFileSync(join(tree, 'd/f'), 'more');
    assert((await reproduce(recipe, tree)).equals(LAYER));
  });
});

test('a recipe that is cut anywhere is refused', async () => {
  await withLayer(async (path, tree) => {
    const { length } = readFileSync(path);
    for (let bytes = length - 9; bytes >= 0; bytes -= 7) {
      truncateSync(path, bytes);
      await assert.rejects(reproduce(path, tree), IntegrityError);
    }
  });
});

test('no changed byte of a recipe leads to another archive', async () => {
  await withLayer(async (path, tree) => {
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length - 8; at += 3) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      writeFileSync(path, changed);
      const outcome = await reproduce(path, tree).catch((error: unknown) => error);
      if (!Buffer.isBuffer(outcome)) assert(outcome instanceof IntegrityError, outcome as Error);
      else assert(outcome.equals(LAYER));
    }
  });
});

test('an unfinished recipe, another version and other files are refused', async () => {
  await withLayer((path) => {
    const bytes = readFileSync(path);
    const edit = (change: (copy: Buffer) => void): void => {
      const copy = Buffer.from(bytes);
      change(copy);
      writeFileSync(path, copy);
    };
    edit((copy) => copy.writeUInt32LE(0, 20));
    assert.throws(() => readRecipe(path), /it was never completed/);
    edit((copy) => copy.writeUInt32LE(2, 16));
    assert.throws(() => readRecipe(path), /version 2 is not known/);
    edit((copy) => copy.fill(0, 0, 16));
    assert.throws(() => readRecipe(path), IntegrityError);
    assert.throws(() => readRecipe(`${path}-not-there`), SystemError);
  });
});
