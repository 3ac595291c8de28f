/**
 * The worker process that mends a layer: a line of JSON in, a line of JSON out. Must be root of
 * the user's namespace. It opens its recipe and the other layers first, and then changes its root
 * to the layer's tree, so that no name in the tree leads out of it.
 */
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { describe, EngineError } from '@berth/errors';
import { loadSyscalls, OPEN, succeed, systemErrorFrom } from '@berth/host';
import { ContentSources } from './mend-content.ts';
import type { ContentLayer } from './mend-content.ts';
import { isWantOfRoom, TreeMending } from './mend-tree.ts';
import { openRecipe, readRecipe } from './recipe-reader.ts';
import { expectedTree, provenRecipe } from './verify-worker.ts';
import type { VerifyJob } from './verify-worker.ts';

/** A layer to mend, with the layers that may have the content of its files. */
export interface MendRequest extends Omit<VerifyJob, 'part' | 'parts'> {
  readonly others: readonly { readonly tree: string; readonly recipe: string }[];
}

/** What came of it. Another check tells what still differs. */
export interface MendAnswer {
  /** Why it ended early, if it did. */
  readonly failure: string | undefined;
  /** It may do better later: there was no room. */
  readonly isWorthAnotherTry: boolean;
}

const DIRECTORY_FLAGS = OPEN.RDONLY | OPEN.DIRECTORY | OPEN.CLOEXEC | OPEN.NOFOLLOW;
const LOCK_EXCLUSIVE = 2;

/** Does the work; returns the exit status. */
export async function runMendWorker(): Promise<number> {
  const request = JSON.parse(readFileSync(0, 'utf8')) as MendRequest;
  writeSync(1, `${JSON.stringify(mendLayer(request, changeRoot))}\n`);
  return 0;
}

/** Mends the layer. `enter` makes the tree the current directory, and stays there. */
export function mendLayer(request: MendRequest, enter: (tree: string) => void): MendAnswer {
  let lock: number | undefined;
  try {
    const recipe = provenRecipe(request);
    // Two commands that repair the store at once take turns.
    lock = openRecipe(request.recipe);
    loadSyscalls().flock(lock, LOCK_EXCLUSIVE);
    const expected = expectedTree(request, recipe);
    recipe.close();
    const others = request.others.flatMap((other) => openLayer(other));
    enter(request.tree);
    loadSyscalls().umask(0);
    new TreeMending(expected, new ContentSources(expected, others), request).run();
    return { failure: undefined, isWorthAnotherTry: false };
  } catch (error) {
    const known = systemErrorFrom(error, 'mend', request.tree);
    if (!(known instanceof EngineError)) throw known;
    return { failure: describe(known), isWorthAnotherTry: isWantOfRoom(known) };
  } finally {
    if (lock !== undefined) closeSync(lock);
  }
}

/** Another layer that can't be opened is no help, and no obstacle. */
function openLayer({ tree, recipe }: MendRequest['others'][number]): ContentLayer[] {
  const treeFd = loadSyscalls().open(tree, DIRECTORY_FLAGS);
  if (treeFd < 0) return [];
  try {
    return [{ treeFd, recipe: readRecipe(recipe) }];
  } catch (error) {
    loadSyscalls().close(treeFd);
    if (error instanceof EngineError) return [];
    throw error;
  }
}

function changeRoot(tree: string): void {
  const syscalls = loadSyscalls();
  succeed(syscalls.chdir(tree), 'enter', tree);
  succeed(syscalls.chroot('.'), 'change root to', tree);
  succeed(syscalls.chdir('/'), 'enter', '/');
}
