/**
 * Unpacks an archive into a scratch directory of its own, in this process and without chroot: so
 * that nothing but the path rules keeps entries inside.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync, closeSync, existsSync, lstatSync, mkdirSync, mkdtempSync, openSync, readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyLayer, readRecipe, reproduceTar, verifyLayer } from '../src/index.ts';
import type { ApplyLayerOptions, LayerResult } from '../src/index.ts';
import { describeTree } from './tree-manifest.ts';
import type { TreeNode } from './tree-manifest.ts';

/** What came of an archive. */
export interface ScratchLayer {
  readonly result: LayerResult;
  /** The tree's names; type and content, `type` first. */
  readonly tree: Record<string, TreeNode>;
  /** The archive that the recipe gives back. */
  readonly reproduced: Buffer;
}

type Options = Partial<Omit<ApplyLayerOptions, 'blob' | 'recipeFd'>> & { chunkBytes?: number };

/**
 * Unpacks `bytes`, gives the archive back from the recipe, and checks that nothing beside the
 * tree was touched, whether it went well or not.
 */
export async function unpack(bytes: Buffer, options: Options = {}): Promise<ScratchLayer> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-layer-'));
  const home = process.cwd();
  const tree = join(directory, 'tree');
  mkdirSync(tree);
  chmodSync(tree, 0o755);
  writeFileSync(join(directory, 'canary'), 'untouched');
  const before = describeOutside(directory);
  const recipeFd = openSync(join(directory, 'recipe'), 'wx+');
  try {
    process.chdir(tree);
    const { chunkBytes = 1 << 18, ...rest } = options;
    const owners = process.getuid?.() === 0 ? 'native' : 'record';
    const blob = chunksOf(bytes, chunkBytes);
    const result = await applyLayer({ owners, ...rest, blob, recipeFd });
    const verified = await verifyLayer({
      tree, recipe: join(directory, 'recipe'), diffId: result.diffId, recipeDigest: undefined,
      owners: rest.owners ?? owners, canLackAttributes: result.counts.skippedAttributes > 0,
      part: 0, parts: 1, quick: false, marks: rest.marks,
    });
    assert.deepEqual(verified, { differences: [], more: 0, recipeProblem: undefined });
    return {
      result,
      tree: describeTree('.'),
      reproduced: await reproduce(join(directory, 'recipe'), '.'),
    };
  } finally {
    closeSync(recipeFd);
    process.chdir(home);
    assert.deepEqual(describeOutside(directory), before);
    // Trees may be deeper than what rmSync can walk.
    spawnSync('rm', ['-rf', directory]);
  }
}

/** The same, for layers that must not be refused and must come back byte for byte. */
export async function unpackExactly(bytes: Buffer, options?: Options): Promise<ScratchLayer> {
  const layer = await unpack(bytes, options);
  assert(layer.reproduced.equals(bytes), 'the recipe gives another archive back');
  return layer;
}

/** The archive behind a recipe, with its own checks. */
export async function reproduce(recipePath: string, tree: string): Promise<Buffer> {
  const recipe = readRecipe(recipePath);
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of reproduceTar(recipe, tree)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    recipe.close();
  }
}

/** `bytes` as a stream with one buffer for all chunks, as a worker reads them. */
export async function* chunksOf(bytes: Buffer, chunkBytes: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(Math.min(chunkBytes, bytes.length));
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    yield buffer.subarray(0, bytes.copy(buffer, 0, at));
    buffer.fill(0xee);
  }
}

/** Name and kind of each path, for short expectations. */
export function kinds(tree: Record<string, TreeNode>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).map(([name, { type }]) => [name, type]));
}

function describeOutside(directory: string): unknown {
  const canary = lstatSync(join(directory, 'canary'));
  const escapees = ['/berth-escaped', '/tmp/berth-escaped', '/etc/berth-escaped'];
  return [
    readdirSync(directory).filter((name) => name !== 'recipe'),
    [canary.mode, canary.nlink, canary.size, canary.mtimeMs, canary.ctimeMs],
    escapees.map((path) => existsSync(path)),
    lstatSync('/etc/passwd').ctimeMs, lstatSync(directory).mode,
  ];
}
