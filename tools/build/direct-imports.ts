/**
 * Makes what is imported from a package of ours come from the file that defines it: the package's
 * index, a list of what others may import, would be loaded for one name, and makes a getter for
 * each of the others.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import ts from 'typescript';
import { BuildError } from './command.ts';

/** Where a name that an index exports is defined, and what it is called there. */
interface Definition {
  file: string;
  name: string;
}

/** The text of a module with its imports from indexes replaced, and all else as it was. */
export function withDirectImports(file: string, source: string): string {
  return statementsOf(file, source).filter(ts.isImportDeclaration).reverse().reduce(
    (text, statement) => {
      const direct = directImports(file, statement);
      const { pos, end } = statement;
      return direct === undefined ? text : `${text.slice(0, pos)}\n${direct}${text.slice(end)}`;
    },
    source,
  );
}

function directImports(file: string, statement: ts.ImportDeclaration): string | undefined {
  const { importClause: clause, moduleSpecifier } = statement;
  const { text: module } = moduleSpecifier as ts.StringLiteral;
  const bindings = clause?.namedBindings;
  if (!/^@berth\/\w+$/.test(module) || clause?.phaseModifier !== undefined) return undefined;
  if (bindings === undefined || !ts.isNamedImports(bindings)) return undefined;
  const index = createRequire(file).resolve(module);
  const names = new Map<string, string[]>();
  for (const { name, propertyName = name } of bindings.elements.filter(isValue)) {
    const definition = definitionsOf(index).get(propertyName.text);
    if (definition === undefined) {
      throw new BuildError(`bundle "${file}": "${module}" does not export ${propertyName.text}`);
    }
    const from = `./${path.relative(path.dirname(file), definition.file)}`;
    names.set(from, [...(names.get(from) ?? []), `${definition.name} as ${name.text}`]);
  }
  return [...names].map(([from, list]) =>
    `import { ${list.join(', ')} } from ${JSON.stringify(from)};`).join('\n');
}

const isValue = ({ isTypeOnly }: ts.ImportSpecifier): boolean => !isTypeOnly;

const known = new Map<string, ReadonlyMap<string, Definition>>();

/** The values that an index exports; it consists of `export { … } from '…'` alone. */
function definitionsOf(index: string): ReadonlyMap<string, Definition> {
  const found = known.get(index) ?? new Map(
    statementsOf(index, readFileSync(index, 'utf8')).flatMap((statement) =>
      reExports(index, statement)),
  );
  known.set(index, found);
  return found;
}

function reExports(index: string, statement: ts.Statement): [string, Definition][] {
  if (!ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined) {
    throw new BuildError(`bundle "${index}": it does more than export what others define`);
  }
  const { exportClause, isTypeOnly } = statement;
  if (isTypeOnly || exportClause === undefined || !ts.isNamedExports(exportClause)) return [];
  const module = statement.moduleSpecifier as ts.StringLiteral;
  const file = path.resolve(path.dirname(index), module.text);
  return exportClause.elements.map((element) => {
    const { name, propertyName = name } = element;
    return [name.text, { file, name: propertyName.text }];
  });
}

function statementsOf(file: string, source: string): readonly ts.Statement[] {
  return ts.createSourceFile(file, source, ts.ScriptTarget.ES2022).statements.slice();
}
