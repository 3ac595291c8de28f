/**
 * A link in the place of a folder, as a container's root can plant one in its own files, or anyone
 * who may write to the store: nothing that works on a tree goes through it.
 */
import assert from 'node:assert/strict';
import {
  chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { IntegrityError } from '@berth/errors';
import { archive } from '@berth/testing';
import { applyLayer, verifyLayer } from '../src/index.ts';
import { MergedTree } from '../src/merged-tree.ts';
import { chunksOf, reproduce } from './scratch-layer.ts';

const owners = process.getuid?.() === 0 ? 'native' : 'record';
const FILE = 'the same content '.repeat(1000);
const LAYER = archive(
  { name: 'd/', flag: '5' }, { name: 'd/in/', flag: '5' }, { name: 'd/in/file', body: FILE });

interface UnpackedLayer {
  tree: string;
  recipe: string;
  diffId: string;
}

async function unpack(t: TestContext): Promise<UnpackedLayer> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-links-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [tree, recipe] = [join(folder, 'fs'), join(folder, 'recipe')];
  mkdirSync(tree);
  chmodSync(tree, 0o755);
  const recipeFd = openSync(recipe, 'wx+');
  const home = process.cwd();
  try {
    process.chdir(tree);
    const { diffId } = await applyLayer({ blob: chunksOf(LAYER, 4096), recipeFd, owners });
    return { tree, recipe, diffId };
  } finally {
    process.chdir(home);
    closeSync(recipeFd);
  }
}

/** d/ is moved out of the tree, and a link to it is in its place. */
function plant({ tree }: UnpackedLayer): string {
  const outside = join(tree, '../outside');
  renameSync(join(tree, 'd'), outside);
  symlinkSync('../outside', join(tree, 'd'));
  return outside;
}

test('the archive of a layer takes no file from behind a link', async (t) => {
  const layer = await unpack(t);
  plant(layer);
  await assert.rejects(reproduce(layer.recipe, layer.tree), (error: unknown) =>
    error instanceof IntegrityError && /"d\/in\/file"/.test(error.message));
});

test('checking a layer looks at nothing behind a link', async (t) => {
  const layer = await unpack(t);
  writeFileSync(join(plant(layer), 'in/secret'), '');
  const { differences } = await verifyLayer({
    ...layer, owners, recipeDigest: undefined, canLackAttributes: false, part: 0, parts: 1,
    quick: false,
  });
  assert.deepEqual(differences.map(({ path }) => path), ['d']);
});

test('a merged tree enters no folder behind a link', async (t) => {
  const layer = await unpack(t);
  const merged = new MergedTree([{ path: layer.tree, marks: 'overlay' }]);
  const home = process.cwd();
  t.after(() => {
    process.chdir(home);
    merged.close();
  });
  assert.equal(merged.enter(0, 'd/in'), true);
  plant(layer);
  assert.equal(merged.enter(0, 'd/in'), false);
  assert.throws(() => merged.enter(0, '../outside/in'), /cross-device/);
});
