/**
 * The worker process that gives a layer's archive back: arguments in, the archive on standard
 * output, one line of JSON on standard error when it can't. Must be root of the user's namespace,
 * where every file of a layer can be read.
 */
import { writeSync } from 'node:fs';
import { EngineError } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';
import { readRecipe } from './recipe-reader.ts';
import { reproduceTarSync } from './reproduce-tar.ts';

/** The arguments to give to the worker's command; `runReproduceWorker` reads them back. */
export function reproduceWorkerArguments(layer: { tree: string; recipe: string }): string[] {
  return [JSON.stringify(layer)];
}

/** Writes the whole archive, proven by its diff id; returns the exit status. */
export async function runReproduceWorker(args: readonly string[]): Promise<number> {
  try {
    const { tree, recipe } = JSON.parse(args[0] ?? '{}') as { tree: string; recipe: string };
    const opened = readRecipe(recipe);
    for (const bytes of reproduceTarSync(opened, tree, { reuseMemory: true })) writeAll(bytes);
    opened.close();
    return 0;
  } catch (error) {
    const known = error instanceof EngineError ? error : systemErrorFrom(error, 'write', 'layer');
    if (!(known instanceof EngineError)) throw known;
    const { code, message, hint } = known;
    writeSync(2, JSON.stringify({ code, message, hint }));
    return 1;
  }
}

function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}
