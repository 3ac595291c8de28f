/**
 * Checks what can be seen in the text of a file: its name, its module comment, its length and the
 * length of its lines.
 */
import path from 'node:path';
import { BANNED_NAMES, LIMITS } from './rules.ts';
import type { SourceFile, Violation } from './source.ts';

/** Every violation in the names, first comments, lengths and columns of the sources. */
export function checkText(sources: readonly SourceFile[]): Violation[] {
  return sources.flatMap((source) => [
    ...checkName(source), ...checkComment(source), ...checkLength(source), ...checkLines(source),
  ]);
}

function checkName({ file }: SourceFile): Violation[] {
  const name = path.posix.basename(file).replace(/(\.test|\.d)?\.[a-z]+$/, '');
  const violations: string[] = [];
  if (BANNED_NAMES.includes(name)) violations.push(`file name "${name}" says nothing`);
  if (!/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name)) violations.push(`file name is not kebab-case`);
  return violations.map((message) => ({ file, line: 1, message }));
}

function checkComment({ file, text }: SourceFile): Violation[] {
  const body = text.replace(/^#!.*\n/, '');
  const opens = /^(\/\*|\/\/|\/\* SPDX[^\n]*\n\/\*)/.test(body);
  return opens ? [] : [{ file, line: 1, message: 'no module comment at the top of the file' }];
}

function checkLength(source: SourceFile): Violation[] {
  const lines = source.text.split('\n').length - 1;
  const limit = fileLimit(source);
  if (lines <= limit) return [];
  return [{ file: source.file, line: limit + 1, message: `${lines} lines, at most ${limit}` }];
}

function fileLimit(source: SourceFile): number {
  if (source.kind === 'test') return LIMITS.testFileLines;
  return source.area === 'native' ? LIMITS.nativeFileLines : LIMITS.fileLines;
}

function checkLines({ file, text }: SourceFile): Violation[] {
  return text.split('\n').flatMap((content, index) => {
    const columns = [...content.replaceAll('\t', '        ')].length;
    if (columns > LIMITS.columns && !/https?:\/\/\S+$/.test(content)) {
      return [{ file, line: index + 1, message: `${columns} columns, at most ${LIMITS.columns}` }];
    }
    return /[ \t\r]$/.test(content)
      ? [{ file, line: index + 1, message: 'white space at the end of the line' }] : [];
  });
}
