/**
 * The worker process that writes the files of a container or a volume as an archive: arguments in,
 * the archive on standard output. Must be root of the container's user namespace.
 */
import { lstatSync } from 'node:fs';
import { FileArchive } from './file-archive.ts';
import { fileOwners } from './file-owners.ts';
import type { OwnerSource } from './file-owners.ts';
import { mergedFiles } from './merged-tree.ts';
import type { MarkedFolder, MergedFile } from './merged-tree.ts';
import { tellingFailure } from './worker-failure.ts';

/** What is exported. */
export interface ExportRequest {
  /** The uppermost first. */
  readonly folders: readonly MarkedFolder[];
  /** Where the owners of files are recorded; undefined: the kernel's owners are right. */
  readonly owners: OwnerSource | undefined;
  /** Whether the archive begins with the uppermost folder itself. */
  readonly hasRoot: boolean;
}

/** The arguments to give to the worker's command. */
export function exportWorkerArguments(request: ExportRequest): string[] {
  return [JSON.stringify(request)];
}

/** Writes the whole archive; returns the exit status, with one line of JSON when it is not 0. */
export function runExportWorker(args: readonly string[]): number {
  return tellingFailure('write', 'archive', () => {
    const { folders, owners, hasRoot } = JSON.parse(args[0] ?? '') as ExportRequest;
    const archive = new FileArchive(fileOwners(owners));
    if (hasRoot) archive.write(rootOf(folders));
    for (const file of mergedFiles(folders)) archive.write(file);
    archive.end();
  });
}

/** The uppermost folder, which becomes the current directory. */
function rootOf([root]: readonly MarkedFolder[]): MergedFile {
  process.chdir(root?.path ?? '.');
  return { path: '.', name: '.', status: lstatSync('.', { bigint: true }), folder: 0 };
}
