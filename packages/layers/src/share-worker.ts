/**
 * The worker process that shares files between layers: the layers as arguments, one line of JSON
 * as answer. Must be root of the user's namespace, to link files of other ids.
 */
import { readFileSync, writeSync } from 'node:fs';
import { shareFiles } from './share-files.ts';
import type { SharingLayer } from './share-files.ts';

/** What the worker is told, on standard input. */
export interface ShareRequest {
  readonly layer: SharingLayer;
  readonly others: readonly SharingLayer[];
}

/** Does the work; returns the exit status. */
export async function runShareWorker(): Promise<number> {
  const { layer, others } = JSON.parse(readFileSync(0, 'utf8')) as ShareRequest;
  writeSync(1, `${JSON.stringify(shareFiles(layer, others))}\n`);
  return 0;
}
