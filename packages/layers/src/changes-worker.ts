/**
 * The worker process that compares trees. It gets arguments, and writes to standard output either
 * a line for each difference, or the archive of a layer that turns the older tree into the newer
 * one. It must be root of the container's user namespace.
 */
import { changedFiles } from './changed-files.ts';
import type { Comparison, FileChange } from './changed-files.ts';
import { FileArchive } from './file-archive.ts';
import { fileOwners } from './file-owners.ts';
import type { OwnerSource } from './file-owners.ts';
import { OutputBuffer } from './output-buffer.ts';
import { tellingFailure } from './worker-failure.ts';

/** What is compared, and what is wanted of it. */
export interface ChangesRequest extends Comparison {
  readonly owners: OwnerSource | undefined;
  readonly result: 'list' | 'layer';
}

/** A difference as `list` gives it. */
export interface ListedChange {
  readonly kind: FileChange['kind'];
  /** With a slash before it, as text. */
  readonly path: string;
}

/** The arguments to give to the worker's command. */
export function changesWorkerArguments(request: ChangesRequest): string[] {
  return [JSON.stringify(request)];
}

/** A line that the worker wrote. */
export function parseListedChange(line: string): ListedChange {
  return JSON.parse(line) as ListedChange;
}

/** Writes all of it; returns the exit status, with one line of JSON when it is not 0. */
export function runChangesWorker(args: readonly string[]): number {
  return tellingFailure('compare', 'files', () => {
    const { owners: source, result, ...comparison } = JSON.parse(args[0] ?? '') as ChangesRequest;
    const owners = fileOwners(source);
    const changes = changedFiles(comparison, owners);
    if (result === 'list') writeList(changes);
    else writeLayer(changes, new FileArchive(owners));
  });
}

function writeList(changes: Iterable<FileChange>): void {
  const output = new OutputBuffer();
  for (const change of changes) {
    const path = change.kind === 'deleted' ? change.path : change.file.path;
    const text = `/${Buffer.from(path, 'latin1').toString('utf8')}`;
    output.write(Buffer.from(`${JSON.stringify({ kind: change.kind, path: text })}\n`));
  }
  output.flush();
}

function writeLayer(changes: Iterable<FileChange>, archive: FileArchive): void {
  for (const change of changes) {
    if (change.kind === 'deleted') archive.writeWhiteout(change.path);
    else archive.write(change.file);
  }
  archive.end();
}
