/**
 * All checks of tidy on one tree, as a function: main.ts prints what it returns, the tests read it.
 */
import { checkImports } from './imports.ts';
import { checkNative } from './native.ts';
import { readSources } from './source.ts';
import type { Violation } from './source.ts';
import { checkSyntax } from './syntax.ts';
import { checkText } from './text.ts';

/** Every violation in the repository at `root`, ordered by place, and how many files were read. */
export function tidy(root: string): { fileCount: number; violations: Violation[] } {
  const sources = readSources(root);
  const violations = [checkText, checkSyntax, checkImports, checkNative]
    .flatMap((check) => check(sources))
    .sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
  return { fileCount: sources.length, violations };
}
