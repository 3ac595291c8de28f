/** Finds a program of the host that a user's PATH may lack. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Where set-up tools often live. */
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/sbin'];

/** Where `name` is installed, searched in `path` first; undefined if it is not installed. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const folders = [
    ...path.split(':').filter((folder) => folder.startsWith('/')),
    ...SYSTEM_FOLDERS,
  ];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
