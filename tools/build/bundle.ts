/**
 * Bundles the program into one script, from which both executables are made. Modules are loaded when
 * they are first used. Changes to what libraries do make it start faster still: the built-in modules
 * that they import are loaded late too, env-paths does without one, of clipanion only the class of
 * commands is in, and koffi looks for its native part in one place only.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { BuildError } from './command.ts';
import { isOfLibrary, lateModules } from './late-modules.ts';

/** Which runtime the script is for. */
export type ScriptRuntime = 'bun' | 'node';

/** The text of a CommonJS script bundled from `entry`; it runs on Node 20 and on Bun. */
export async function bundle(entry: string, root: string, runtime: ScriptRuntime): Promise<string> {
  const koffi = runtime === 'node' ? [koffiBesideScript] : [];
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['bun:ffi', ...(runtime === 'bun' ? ['koffi'] : [])],
    minifySyntax: true,
    minifyWhitespace: true,
    // Modules are then plain functions, and no objects of their own with a method.
    minifyIdentifiers: runtime === 'bun',
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'silent' },
    plugins: [lateModules(root), homeForEnvPaths, lateBuiltins, clipanionCommandAlone, ...koffi],
  });
  return outputFiles.map(({ text }) => text).join('');
}

/** Built-ins whose loading takes a millisecond and more; the others are there anyway. */
const LATE_BUILTINS = [
  'assert', 'async_hooks', 'child_process', 'crypto', 'dgram', 'dns', 'http', 'https', 'net', 'os',
  'process', 'stream', 'timers/promises', 'tls', 'tty', 'util', 'worker_threads', 'zlib',
];

/** Stands for what a library imports by getters: importing is free, and using loads it. */
const lateBuiltins: Plugin = {
  name: 'late-builtins',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(node:)?(${LATE_BUILTINS.join('|')})$`);
    onResolve({ filter }, ({ path: name, importer }) =>
      isOfLibrary(importer)
        ? { path: name.replace(/^node:/, ''), namespace: 'late-builtin' }
        : { path: name, external: true });
    onLoad({ filter: /./, namespace: 'late-builtin' }, ({ path: name }) => ({
      contents: gettersOf(name),
      resolveDir: '/',
    }));
  },
};

function gettersOf(name: string): string {
  const module = createRequire(import.meta.url)(`node:${name}`) as object;
  const members = Object.keys(module).map((key) =>
    `get ${JSON.stringify(key)}() { return load()[${JSON.stringify(key)}]; }`);
  return `
    let loaded;
    function load() { return loaded ??= require('node:${name}'); }
    module.exports = { ${members.join(', ')} };
  `;
}

/**
 * env-paths asks node:os for two folders when it is loaded, which every command does: HOME says the
 * one as it would, and nobody uses the other.
 */
const homeForEnvPaths: Plugin = {
  name: 'home-for-env-paths',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:os$/ }, ({ importer }) =>
      importer.includes('/node_modules/env-paths/')
        ? { path: 'os', namespace: 'home-for-env-paths' } : undefined);
    onLoad({ filter: /./, namespace: 'home-for-env-paths' }, () => ({
      contents: `
        module.exports = {
          homedir: () => process.env.HOME || require('node:os').homedir(),
          tmpdir: () => '/tmp',
        };
      `,
      resolveDir: '/',
    }));
  },
};

/**
 * Only clipanion's class of commands is used (packages/cli/src/command.ts): its index loads all of
 * it, and opens the standard streams, which changes their mode.
 */
const clipanionCommandAlone: Plugin = {
  name: 'clipanion-command-alone',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^clipanion$/ }, async ({ importer, resolveDir, kind }) =>
      resolve('clipanion/lib/advanced/Command.js', { importer, resolveDir, kind }));
  },
};

/**
 * koffi looks for its native part in folders above the script, which others may be able to write
 * where a user installed it; in the bundle it looks for one file only, koffi.node beside it.
 */
const koffiBesideScript: Plugin = {
  name: 'koffi-beside-script',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^koffi$/ }, async ({ importer, resolveDir }) =>
      resolve('koffi/indirect', { importer, resolveDir, kind: 'require-call' }));
    onLoad({ filter: /koffi\/src\/koffi\/indirect\.c?js$/ }, ({ path: file }) => ({
      contents: replaceIn(file, [
        ['`${__dirname}/../../../@koromix/koffi-${pkg2}`', '`${__dirname}/koffi.node`'],
        ['...triplets2.flatMap((triplet) => roots.map((dir) => `${dir}/${triplet}/koffi.node`))', ''],
      ]),
      loader: 'js',
      resolveDir: path.dirname(file),
    }));
  },
};

/** The file's text with each search replaced, which must occur once. */
function replaceIn(file: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce(
    (text, [search, replacement]) => replaceOnce(text, file, search, replacement),
    readFileSync(file, 'utf8'),
  );
}

function replaceOnce(text: string, name: string, search: string, replacement: string): string {
  const parts = text.split(search);
  if (parts.length !== 2) throw new BuildError(`change "${name}": "${search}" is not in it once`);
  return parts.join(replacement);
}
