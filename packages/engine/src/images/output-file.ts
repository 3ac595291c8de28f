/** The files and folders to which commands write archives. */
import {
  closeSync, existsSync, fstatSync, lstatSync, openSync, renameSync, rmSync, statSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { SystemError, UsageError } from '@berth/errors';
import { giveToCaller, requireNotPlanted, writeNamedFile } from '@berth/host';

/**
 * What `write` writes is at `output`; undefined is standard output. A regular file is written under
 * a temporary name and then renamed, so that it appears complete. Anything else, such as a device
 * or a pipe, is written to directly. With `keepsExisting` a file with content stays: throws
 * UsageError, or SystemError if the file is another user's.
 */
export async function withOutputFile(
  output: string | undefined,
  write: (fd: number, name: string) => Promise<void>,
  { keepsExisting = false }: { keepsExisting?: boolean } = {},
): Promise<void> {
  if (output === undefined) {
    await write(1, 'standard output');
    return;
  }
  if (keepsExisting) refuseContent(output);
  const isFile = isFileOrNothing(output);
  const path = isFile ? `${output}.${process.pid}.part` : output;
  const fd = openOutput(path, { isNew: isFile, output });
  try {
    if (isFile) giveToCaller(fd);
    await write(fd, output);
    if (isFile && fstatSync(fd).nlink > 0) moveTo(output, path);
  } catch (error) {
    if (isFile) rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** A small text, such as an id, is at `path`. Throws SystemError, also for another user's file. */
export function writeTextFile(path: string, text: string): void {
  try {
    writeNamedFile(path, text);
  } catch (cause) {
    throw cause instanceof SystemError ? cause : notWritten(path, cause);
  }
}

/** What `write` answers. If it fails, a folder `output` that was not there before is not there. */
export async function withOutputFolder<T>(output: string, write: () => Promise<T>): Promise<T> {
  const isNew = !existsSync(output);
  try {
    return await write();
  } catch (error) {
    if (isNew) rmSync(output, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Whether `output` is a regular file or does not exist. Throws UsageError for a folder, SystemError
 * where the kernel refuses to follow another user's link (protected_symlinks).
 */
function isFileOrNothing(output: string): boolean {
  const status = statusOf(output);
  if (status?.isDirectory() === true) {
    throw new UsageError('OUTPUT_IS_FOLDER', `write "${output}": it is a folder`, {
      hint: `name a file: -o ${join(output, 'FILE.tar')}`,
    });
  }
  return status?.isFile() ?? true;
}

function refuseContent(output: string): void {
  const status = statusOf(output);
  if (status?.isFile() !== true || status.size === 0) return;
  requireNotPlanted(output);
  throw new UsageError('OUTPUT_EXISTS', `write "${output}": it exists already`, {
    hint: `rm ${output}`,
  });
}

function statusOf(output: string): Stats | undefined {
  try {
    return statSync(output, { throwIfNoEntry: false });
  } catch (cause) {
    throw notWritten(output, cause);
  }
}

function moveTo(output: string, path: string): void {
  try {
    renameSync(path, output);
  } catch (cause) {
    throw notWritten(output, cause);
  }
}

function openOutput(
  path: string,
  { isNew, output }: { isNew: boolean; output: string },
): number {
  if (!isNew) requireNotPlanted(path);
  try {
    return openSync(path, isNew ? 'wx' : 'w');
  } catch (cause) {
    throw notWritten(output, cause);
  }
}

function notWritten(output: string, cause: unknown): SystemError {
  return new SystemError('WRITE_OUTPUT', `write "${output}"`, {
    cause, hint: isOfAnother(output) ? "it is another user's: choose another name" : undefined,
  });
}

function isOfAnother(path: string): boolean {
  try {
    return lstatSync(path).uid !== process.geteuid?.();
  } catch {
    return false;
  }
}
