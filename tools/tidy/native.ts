/**
 * Checks the C sources: the length of functions, found by the closing brace in the first column,
 * and the size of the helper as a whole.
 */
import { LIMITS } from './rules.ts';
import type { SourceFile, Violation } from './source.ts';

/** Every violation in the sources below native/. */
export function checkNative(sources: readonly SourceFile[]): Violation[] {
  const native = sources.filter((source) => source.area === 'native');
  return [...native.flatMap(checkFunctions), ...checkTotal(native)];
}

function checkFunctions({ file, text, kind }: SourceFile): Violation[] {
  const limit = kind === 'test' ? LIMITS.testFunctionLines : LIMITS.nativeFunctionLines;
  const violations: Violation[] = [];
  let start = 0;
  text.split('\n').forEach((line, index) => {
    if (opensFunction(line)) start = index + 1;
    if (line !== '}' || start === 0) return;
    const length = index + 2 - start;
    if (length > limit) {
      const message = `function of ${length} lines, at most ${limit}`;
      violations.push({ file, line: start, message });
    }
    start = 0;
  });
  return violations;
}

/** A brace alone in the first column, or a definition that ends its first line with one. */
function opensFunction(line: string): boolean {
  return line === '{' || (/^[A-Za-z_].*\)\s*\{$/.test(line) && !line.includes('='));
}

function checkTotal(native: readonly SourceFile[]): Violation[] {
  const product = native.filter((source) => source.kind === 'product');
  const total = product.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
  const limit = LIMITS.nativeTotalLines;
  return total <= limit
    ? [] : [{ file: 'native', line: 1, message: `${total} lines of C, at most ${limit}` }];
}
