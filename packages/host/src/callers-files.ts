/**
 * Files that a command writes where its caller asks for them. They belong to the caller, who may
 * be root.
 */
import { fchownSync, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { actsForRoot } from './root-caller.ts';

/** Gives a newly made file to the caller; an existing file keeps its owner. */
export function giveToCaller(file: string | number): void {
  if (!actsForRoot()) return;
  if (typeof file === 'number') fchownSync(file, 0, 0);
  else if (lstatSync(file).uid === process.getuid?.()) lchownSync(file, 0, 0);
}

/** Gives a folder to the caller, with everything in it. */
export function giveTreeToCaller(folder: string): void {
  if (!actsForRoot()) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveTreeToCaller(path);
    else giveToCaller(path);
  }
  giveToCaller(folder);
}
