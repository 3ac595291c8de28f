/**
 * Checks who imports whom: the table of packages, the owner of each library, relative paths that
 * stay inside their package, and the absence of cycles.
 */
import { builtinModules } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import {
  BUN_PACKAGE,
  FOLDER_IMPORTS,
  LIBRARY_OWNERS,
  PACKAGE_IMPORTS,
  PACKAGES_WITH_SUBPATHS,
  TEST_LIBRARIES,
} from './rules.ts';
import { lineOf, parse } from './source.ts';
import type { SourceFile, Violation } from './source.ts';

interface Import {
  specifier: string;
  line: number;
}

/** Every forbidden import in the sources, and every cycle between them. */
export function checkImports(sources: readonly SourceFile[]): Violation[] {
  const scripts = sources.filter((source) => source.file.endsWith('.ts'));
  const edges = new Map(scripts.map((source) => [source.file, importsOf(source)]));
  const violations = scripts.flatMap((source) =>
    (edges.get(source.file) ?? []).flatMap(({ specifier, line }) => {
      const message = problemWith(source, specifier);
      return message === undefined ? [] : [{ file: source.file, line, message }];
    }),
  );
  return [...violations, ...findCycles(edges)];
}

function importsOf(source: SourceFile): Import[] {
  const tree = parse(source);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) found.push({ specifier, line: lineOf(tree, node) });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return literal(node.moduleSpecifier);
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return literal(node.argument.literal);
  }
  const isDynamic =
    ts.isCallExpression(node) &&
    (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
      node.expression.getText() === 'require');
  return isDynamic ? literal(node.arguments[0]) : undefined;
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteral(node) ? node.text : undefined;
}

function problemWith(source: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relativeProblem(source, specifier);
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('bun:') || specifier === 'bun') {
    return source.packageName === BUN_PACKAGE
      ? undefined
      : `imports "${specifier}": only packages/${BUN_PACKAGE} may`;
  }
  if (builtinModules.includes(specifier)) return `imports "${specifier}": write node:${specifier}`;
  if (specifier.startsWith('@berth/')) return packageProblem(source, specifier);
  return libraryProblem(source, specifier);
}

function relativeProblem(source: SourceFile, specifier: string): string | undefined {
  if (!/\.(ts|json)$/.test(specifier)) return `imports "${specifier}": write the extension .ts`;
  const target = path.posix.join(path.posix.dirname(source.file), specifier);
  const folders = [source.area, ...(FOLDER_IMPORTS[source.area] ?? [])];
  return folders.some((folder) => target.startsWith(`${folder}/`))
    ? undefined
    : `imports "${specifier}": outside ${source.area}, import the package by name`;
}

function packageProblem(source: SourceFile, specifier: string): string | undefined {
  const [target = '', subpath] = specifier.slice('@berth/'.length).split(/\/(.*)/);
  const problem = `imports "${specifier}"`;
  if (!(target in PACKAGE_IMPORTS)) return `${problem}: no such package in the import table`;
  if (subpath !== undefined && !PACKAGES_WITH_SUBPATHS.includes(target)) {
    return `${problem}: write "@berth/${target}"`;
  }
  if (target === 'testing') return source.kind === 'test' ? undefined : `${problem}: not a test`;
  if (source.packageName === undefined) return `${problem}: only packages import packages`;
  if (target === source.packageName && source.kind === 'test') return undefined;
  const allowed = PACKAGE_IMPORTS[source.packageName];
  if (allowed === undefined) return `packages/${source.packageName} is not in the import table`;
  return allowed.includes(target)
    ? undefined
    : `${problem}: ${source.packageName} may import ${list(allowed)}`;
}

function libraryProblem(source: SourceFile, specifier: string): string | undefined {
  const parts = specifier.split('/');
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
  const owner = LIBRARY_OWNERS[name];
  if (owner !== undefined && owner === source.packageName) return undefined;
  const isTool = source.packageName === undefined || source.kind === 'test';
  if (isTool && TEST_LIBRARIES.includes(name)) return undefined;
  return owner === undefined
    ? `imports "${specifier}": a library without an owner in tools/tidy/rules.ts`
    : `imports "${specifier}": only packages/${owner} may`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'no package' : names.join(', ');
}

/** Depth-first search; each cycle is reported once, at the import that closes it. */
function findCycles(edges: ReadonlyMap<string, readonly Import[]>): Violation[] {
  const done = new Set<string>();
  const open: string[] = [];
  const violations: Violation[] = [];
  const visit = (file: string): void => {
    open.push(file);
    for (const { specifier, line } of edges.get(file) ?? []) {
      if (!specifier.startsWith('.')) continue;
      const target = path.posix.join(path.posix.dirname(file), specifier);
      const start = open.indexOf(target);
      if (start >= 0) {
        violations.push({ file, line, message: `cycle: ${open.slice(start).join(' > ')}` });
      } else if (!done.has(target) && edges.has(target)) {
        visit(target);
      }
    }
    open.pop();
    done.add(file);
  };
  for (const file of edges.keys()) if (!done.has(file)) visit(file);
  return violations;
}
