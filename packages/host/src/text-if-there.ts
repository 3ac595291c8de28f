/** Files of the machine that not every machine has, or shows to everyone. */
import { readFileSync } from 'node:fs';

/** The text of the file; empty if it is not there or may not be read. */
export function textIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EACCES') return '';
    throw error;
  }
}
