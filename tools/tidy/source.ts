/**
 * Finds the files that the rules apply to and says what each is: which package it belongs to, and
 * whether it is product code, a test or a tool. Reads the tree, not git, so that a file is checked
 * before it is committed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** One broken rule at one place; `file` is relative to the root of the repository. */
export interface Violation {
  file: string;
  line: number;
  message: string;
}

/** A file under check. `area` is `packages/NAME`, or the first folder of its path. */
export interface SourceFile {
  file: string;
  area: string;
  packageName: string | undefined;
  kind: 'product' | 'test';
  text: string;
}

const ROOTS = ['packages', 'native', 'tools', 'test', 'bench'];
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'fixtures', 'corpus', '.git']);
const EXTENSIONS = /\.(ts|mts|cts|js|mjs|cjs|c|h)$/;

/** Every source file below the root, in a stable order. */
export function readSources(root: string): SourceFile[] {
  return ROOTS.flatMap((folder) => walk(root, folder)).sort().map((file) => describe(root, file));
}

/** The syntax tree of a TypeScript source. */
export function parse(source: SourceFile): ts.SourceFile {
  return ts.createSourceFile(source.file, source.text, ts.ScriptTarget.ES2022, true);
}

/** The line of a node, counted from 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

function walk(root: string, folder: string): string[] {
  const entries = listFolder(path.join(root, folder));
  return entries.flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return SKIPPED.has(entry.name) || entry.name.startsWith('build-') ? [] : walk(root, file);
    }
    return entry.isFile() && EXTENSIONS.test(entry.name) ? [file] : [];
  });
}

function listFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function describe(root: string, file: string): SourceFile {
  const parts = file.split('/');
  const [top = '', second] = parts;
  const inPackage = top === 'packages' && second !== undefined;
  const isTest = top === 'test' || parts.includes('test') || second === 'testing';
  return {
    file,
    area: inPackage ? `${top}/${second}` : top,
    packageName: inPackage ? second : undefined,
    kind: isTest ? 'test' : 'product',
    text: readFileSync(path.join(root, file), 'utf8'),
  };
}
