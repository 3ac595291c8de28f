/**
 * The worker process that checks layers, and the protocol between it and whoever started it: one
 * line of JSON in for each job, one line out for each answer. Must be root of the user's
 * namespace, where every file of a layer can be read.
 */
import { createHash } from 'node:crypto';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { EngineError, IntegrityError } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';
import type { ExpectedTree } from './expected-tree.ts';
import { openRecipe, readRecipe } from './recipe-reader.ts';
import type { Recipe } from './recipe-reader.ts';
import { replayRecipe } from './replay-recipe.ts';
import { reproduceTar } from './reproduce-tar.ts';
import { verifyTree } from './verify-tree.ts';
import type { TreeDifference, VerifyOptions } from './verify-tree.ts';
import type { MarkPolicy } from './whiteout-marks.ts';

/** One layer, or a part of its files. */
export interface VerifyJob extends VerifyOptions {
  readonly tree: string;
  readonly recipe: string;
  readonly diffId: string;
  /** `sha256:` of the recipe's file; if it is not known, the archive is made and hashed. */
  readonly recipeDigest: string | undefined;
  /** What hides lower layers; overlay's marks unless given. */
  readonly marks?: MarkPolicy | undefined;
}

/** What came of a job. */
export interface VerifyAnswer {
  readonly differences: readonly TreeDifference[];
  /** How many more differences there are than those listed. */
  readonly more: number;
  /** Why the recipe itself can't be used. */
  readonly recipeProblem: string | undefined;
}

const MOST_DIFFERENCES = 1000;
const WHOLE_RECIPE = 'its content is not what was written';

/** Does the jobs of standard input, until that ends. */
export async function runVerifyWorker(): Promise<number> {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await verifyLayer(JSON.parse(line) as VerifyJob);
    writeAnswer(answer);
  }
  return 0;
}

/** Checks one layer. A damaged layer never makes this throw. */
export async function verifyLayer(job: VerifyJob): Promise<VerifyAnswer> {
  let recipe: Recipe | undefined;
  try {
    recipe = provenRecipe(job);
    const found = verifyTree(job.tree, expectedTree(job, recipe), job);
    if (found.length === 0) await proveRecipe(job, recipe);
    return {
      differences: found.slice(0, MOST_DIFFERENCES),
      more: Math.max(0, found.length - MOST_DIFFERENCES),
      recipeProblem: undefined,
    };
  } catch (error) {
    const known = error instanceof EngineError ? error : systemErrorFrom(error, 'read', job.recipe);
    if (!(known instanceof EngineError)) throw known;
    return { differences: [], more: 0, recipeProblem: known.message };
  } finally {
    recipe?.close();
  }
}

/** The open recipe of the layer. Throws an EngineError for one that is not what was written. */
export function provenRecipe(job: Pick<VerifyJob, 'recipe' | 'diffId' | 'recipeDigest'>): Recipe {
  requireRecipe(job);
  const recipe = readRecipe(job.recipe);
  if (recipe.diffId === job.diffId) return recipe;
  recipe.close();
  throw new IntegrityError('DAMAGED_RECIPE', `read layer recipe: it is of layer ${recipe.diffId}`);
}

/** The tree as it should be on the disk, with the marks of its store. */
export function expectedTree({ marks }: Pick<VerifyJob, 'marks'>, recipe: Recipe): ExpectedTree {
  const expected = replayRecipe(recipe);
  if (marks === 'names') expected.nameMarks();
  return expected;
}

function requireRecipe({ recipe, recipeDigest }: Pick<VerifyJob, 'recipe' | 'recipeDigest'>): void {
  if (recipeDigest === undefined) return;
  const fd = openRecipe(recipe);
  try {
    const digest = createHash('sha256').update(readFileSync(fd)).digest('hex');
    if (`sha256:${digest}` === recipeDigest) return;
  } finally {
    closeSync(fd);
  }
  throw new IntegrityError('DAMAGED_RECIPE', `read layer recipe: ${WHOLE_RECIPE}`);
}

/** If a recipe's own digest was not kept, the archive that it makes proves it. */
async function proveRecipe(job: VerifyJob, recipe: Recipe): Promise<void> {
  if (job.recipeDigest !== undefined || job.part !== 0 || job.quick) return;
  for await (const chunk of reproduceTar(recipe, job.tree)) void chunk;
}

function writeAnswer(answer: VerifyAnswer): void {
  const bytes = Buffer.from(`${JSON.stringify(answer)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
