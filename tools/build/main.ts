/**
 * `pnpm build [--arm64] [--only native|bun|node]...`: makes dist/ (or dist-arm64/), which holds all
 * that users need: berth, berth-native, and the same program for Node, berth.cjs and koffi.node.
 * Every file is written beside its place and renamed, since the old one may be running.
 */
import {
  chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compileForBun } from './bun.ts';
import { bundle } from './bundle.ts';
import { BuildError, run } from './command.ts';
import { addEntryPoint } from './entry-point.ts';
import { runtimesOf } from './runtimes.ts';
import type { Architecture } from './runtimes.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const ENTRY = path.join(ROOT, 'packages/cli/src/main.ts');
const PARTS = ['native', 'bun', 'node'];

try {
  await build();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}

async function build(): Promise<void> {
  const { values } = parseArgs({
    options: { arm64: { type: 'boolean' }, only: { type: 'string', multiple: true } },
  });
  const parts = values.only ?? PARTS;
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new BuildError(`unknown part "${unknown}"`);
  const architecture: Architecture = values.arm64 === true ? 'arm64' : 'x64';
  const output = path.join(ROOT, architecture === 'arm64' ? 'dist-arm64' : 'dist');
  mkdirSync(path.join(output, '.new'), { recursive: true });
  try {
    await buildParts({ parts, architecture, output });
  } finally {
    rmSync(path.join(output, '.new'), { recursive: true });
  }
}

interface Build {
  parts: readonly string[];
  architecture: Architecture;
  output: string;
}

async function buildParts({ parts, architecture, output }: Build): Promise<void> {
  const write = (name: string, make: (temporary: string) => void): void =>
    replaceFile(output, name, make);

  if (parts.includes('native')) write('berth-native', (file) => buildNative(architecture, file));
  if (parts.every((part) => part === 'native')) return;
  if (!existsSync(ENTRY)) throw new BuildError(`open "${ENTRY}": no such file`);
  const runtimes = runtimesOf(ROOT, architecture);
  if (parts.includes('bun')) {
    const script = await bundle(ENTRY, ROOT, 'bun');
    const entry = buildEntry(architecture);
    write('berth', (file) => {
      compileForBun(script, file, runtimes);
      addEntryPoint(file, entry);
    });
  }
  if (parts.includes('node')) {
    write('koffi.node', (file) => copyFileSync(runtimes.koffi, file));
    // Without `--` Node takes NODE_OPTIONS of the file that our --env-file names for its own.
    const script = `#!/usr/bin/env -S node --\n${await bundle(ENTRY, ROOT, 'node')}`;
    write('berth.cjs', (file) => writeFileSync(file, script, { mode: 0o755 }));
  }
}

function buildNative(architecture: Architecture, file: string): void {
  copyFileSync(makeNative(architecture, 'berth-native'), file);
  chmodSync(file, 0o755);
}

/** The code that dist/berth starts with. */
function buildEntry(architecture: Architecture): string {
  return makeNative(architecture, 'entry.bin');
}

/** Answers the path of a product of native/Makefile. */
function makeNative(architecture: Architecture, product: string): string {
  const folder = path.join(ROOT, 'native');
  if (!existsSync(path.join(folder, 'Makefile'))) {
    throw new BuildError(`open "${folder}/Makefile": no such file`);
  }
  const target = path.join(architecture === 'arm64' ? 'build/arm64' : 'build', product);
  run('make', ['-s', '-C', folder, target], ROOT);
  return path.join(folder, target);
}

function replaceFile(folder: string, name: string, make: (temporary: string) => void): void {
  const temporary = path.join(folder, '.new', name);
  rmSync(temporary, { force: true });
  make(temporary);
  renameSync(temporary, path.join(folder, name));
}
