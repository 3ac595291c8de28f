/**
 * Checks what needs the syntax tree: lengths of functions, nesting, parameters, docstrings of
 * exports, and constructs that the code base does without.
 */
import ts from 'typescript';
import { LIMITS, PRINTING_PACKAGE } from './rules.ts';
import { lineOf, parse } from './source.ts';
import type { SourceFile, Violation } from './source.ts';

type Report = (node: ts.Node, message: string) => void;

/** Every violation in the syntax of the TypeScript sources. */
export function checkSyntax(sources: readonly SourceFile[]): Violation[] {
  return sources.filter(({ file }) => file.endsWith('.ts')).flatMap(checkFile);
}

function checkFile(source: SourceFile): Violation[] {
  const tree = parse(source);
  const violations: Violation[] = [];
  const report: Report = (node, message) => {
    violations.push({ file: source.file, line: lineOf(tree, node), message });
  };
  const visit = (node: ts.Node): void => {
    checkConstruct(node, report);
    if (isFunction(node)) checkFunction(source, node, report);
    if (source.kind === 'product') checkOutput(source, node, report);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  if (source.packageName !== undefined && source.kind === 'product') {
    tree.statements.forEach((statement) => checkStatement(source, statement, report));
  }
  return violations;
}

function checkConstruct(node: ts.Node, report: Report): void {
  if (node.kind === ts.SyntaxKind.AnyKeyword) report(node, 'type any');
  if (ts.isNonNullExpression(node)) report(node, 'non-null assertion');
  if (ts.isExportAssignment(node)) report(node, 'default export');
  const isDefault = ts.canHaveModifiers(node)
    && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
  if (isDefault === true) report(node, 'default export');
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node)
    || ts.isArrowFunction(node) || ts.isFunctionExpression(node)
    || ts.isConstructorDeclaration(node);
}

function checkFunction(
  source: SourceFile, node: ts.FunctionLikeDeclaration, report: Report,
): void {
  if (node.body === undefined) return;
  const tree = node.getSourceFile();
  const end = tree.getLineAndCharacterOfPosition(node.end).line + 1;
  const lines = end - lineOf(tree, node) + 1;
  const limit = source.kind === 'test' ? LIMITS.testFunctionLines : LIMITS.functionLines;
  if (lines > limit && !isTestGroup(node)) {
    report(node, `function of ${lines} lines, at most ${limit}`);
  }
  const parameters = node.parameters.length;
  if (parameters > LIMITS.parameters) {
    report(node, `${parameters} parameters, at most ${LIMITS.parameters}: pass an options object`);
  }
  checkNesting(node.body, 0, report);
}

/** A describe() block is a folder of tests, not a function that anybody reads as one. */
function isTestGroup(node: ts.Node): boolean {
  const call = node.parent;
  return ts.isCallExpression(call) && /^(describe|suite)\b/.test(call.expression.getText());
}

function checkNesting(node: ts.Node, depth: number, report: Report): void {
  ts.forEachChild(node, (child) => {
    if (isFunction(child) || ts.isClassLike(child)) return;
    const isElseIf = ts.isIfStatement(child) && ts.isIfStatement(node)
      && node.elseStatement === child;
    const inner = nests(child) && !isElseIf ? depth + 1 : depth;
    if (inner > LIMITS.nesting && inner > depth) {
      report(child, `nested ${inner} deep, at most ${LIMITS.nesting}`);
    }
    checkNesting(child, inner, report);
  });
}

function nests(node: ts.Node): boolean {
  return ts.isIfStatement(node) || ts.isIterationStatement(node, false)
    || ts.isSwitchStatement(node) || ts.isTryStatement(node);
}

function checkOutput(source: SourceFile, node: ts.Node, report: Report): void {
  if (source.packageName === undefined || source.packageName === PRINTING_PACKAGE) return;
  if (!ts.isPropertyAccessExpression(node)) return;
  const text = node.getText();
  if (/^console\.\w+$|^process\.(stdout|stderr|exit|exitCode)$/.test(text)) {
    report(node, `${text}: only packages/${PRINTING_PACKAGE} prints or exits`);
  }
}

function checkStatement(source: SourceFile, statement: ts.Statement, report: Report): void {
  const isEntry = source.file.endsWith('/main.ts');
  if (ts.isExpressionStatement(statement) && !isEntry) {
    report(statement, 'side effect when the module is loaded');
  }
  const isExported = ts.canHaveModifiers(statement)
    && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  if (isExported === true && !hasDocstring(statement)) {
    report(statement, 'exported without a docstring');
  }
}

/** The module comment of the file also leads its first statement, but documents the module. */
function hasDocstring(statement: ts.Statement): boolean {
  const tree = statement.getSourceFile();
  const comments = ts.getLeadingCommentRanges(tree.text, statement.pos) ?? [];
  const docs = comments.filter(({ pos }) => tree.text.startsWith('/**', pos));
  return docs.length > (statement.pos === 0 ? 1 : 0);
}
