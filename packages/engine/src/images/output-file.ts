/** Where commands write archives to. */
import { closeSync, fstatSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { SystemError } from '@berth/errors';
import { giveToCaller } from '@berth/host';

/**
 * What `write` writes is at `output`, undefined being standard output. A regular file is written
 * beside its place and renamed, so it appears whole; anything else is written to.
 */
export async function withOutputFile(
  output: string | undefined,
  write: (fd: number, name: string) => Promise<void>,
): Promise<void> {
  if (output === undefined) {
    await write(1, 'standard output');
    return;
  }
  const isFile = statSync(output, { throwIfNoEntry: false })?.isFile() ?? true;
  const path = isFile ? `${output}.${process.pid}.part` : output;
  const fd = openOutput(path, { isNew: isFile, output });
  try {
    if (isFile) giveToCaller(fd);
    await write(fd, output);
    if (isFile && fstatSync(fd).nlink > 0) renameSync(path, output);
  } catch (error) {
    if (isFile) rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function openOutput(
  path: string,
  { isNew, output }: { isNew: boolean; output: string },
): number {
  try {
    return openSync(path, isNew ? 'wx' : 'w');
  } catch (cause) {
    throw new SystemError('OPEN_OUTPUT', `write "${output}"`, { cause });
  }
}
