/**
 * Makes the program's modules, and what they import, be loaded when they are first used: a module
 * that no line of a command touches costs nothing, however many import it. This is right because
 * no module but main.ts has effects when it is loaded, and none is part of a cycle (tools/tidy).
 *
 * TypeScript turns a module into CommonJS, whose imports have one form: `const x_1 = require("x")`,
 * and `x_1.member` wherever a member is used. Both are rewritten to a function that requires once.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import ts from 'typescript';
import { BuildError } from './command.ts';
import { withDirectImports } from './direct-imports.ts';

const NAMESPACE = 'late';

/** Every module of ours below `root`, of those that the bundle reaches, is loaded late. */
export function lateModules(root: string): Plugin {
  return {
    name: 'late-modules',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^(\.|@berth\/)|\.ts$/ }, async ({ path: name, pluginData, ...from }) => {
        if (pluginData === NAMESPACE || isOfLibrary(from.importer)) return undefined;
        const { kind, resolveDir, importer } = from;
        const found = await resolve(name, { kind, resolveDir, importer, pluginData: NAMESPACE });
        const { errors } = found;
        return { path: path.relative(root, found.path), errors, namespace: NAMESPACE };
      });
      onLoad({ filter: /\.ts$/, namespace: NAMESPACE }, ({ path: name }) => ({
        contents: moduleWithLateImports(path.join(root, name)),
        resolveDir: path.dirname(path.join(root, name)),
      }));
    },
  };
}

/** Whether a file belongs to a third-party package. */
export function isOfLibrary(file: string): boolean {
  return file.includes('/node_modules/');
}

function moduleWithLateImports(file: string): string {
  const source = withDirectImports(file, readFileSync(file, 'utf8'));
  const script = commonJsOf(file, source);
  const names = [...script.matchAll(IMPORT)].map(([, name = '']) => name);
  const clash = names.find((name) => new RegExp(`\\b${name}\\b`).test(source));
  if (clash !== undefined) throw new BuildError(`bundle "${file}": "${clash}" has another meaning`);
  const withFunctions = script.replace(IMPORT, (_line, name, interop = '', module) =>
    `let ${name}$; const ${name}$get = () => ${name}$ ??= ${interop}(require(${module}));`);
  return names.reduce(
    (text, name) => text.replace(new RegExp(`\\b${name}\\b(?!\\$)`, 'g'), `(${name}$get())`),
    withFunctions,
  );
}

const IMPORT = /^const (\w+_\d+) = (?:(__import\w+)\()?require\(("[^"]+")\)\)?;$/gm;

/** The module as CommonJS. There import.meta is not to be had: it is empty. */
function commonJsOf(file: string, source: string): string {
  return ts.transpileModule(source, {
    fileName: file,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      removeComments: true,
    },
  }).outputText.replaceAll('import.meta.url', "''");
}
