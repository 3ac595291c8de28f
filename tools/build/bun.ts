/**
 * Compiles the bundled script into one executable on the Bun runtime, with its bytecode. The
 * executable must not read configuration of the folder in which a user happens to stand, so that
 * loading of .env, bunfig.toml, tsconfig.json and package.json is switched off.
 */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.ts';
import type { Runtimes } from './runtimes.ts';

/** Commands end before compiling pays; packages/cli/src/compiling.ts is for those that last. */
const JIT_POLICY = 100;

/** Writes the executable `output` from the text of a script, for the runtimes' architecture. */
export function compileForBun(script: string, output: string, runtimes: Runtimes): void {
  const source = `${output}.cjs`;
  writeFileSync(source, script);
  try {
    run(runtimes.bunHere, [
      'build', '--compile', '--bytecode', `--compile-jit-policy=${JIT_POLICY}`,
      '--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig',
      '--no-compile-autoload-tsconfig', '--no-compile-autoload-package-json',
      `--target=${runtimes.bunTarget}`, `--compile-executable-path=${runtimes.bun}`,
      '--external', 'koffi', '--log-level=warn',
      source, `--outfile=${output}`,
    ], path.dirname(output));
  } finally {
    rmSync(source);
  }
  chmodSync(output, 0o755);
}
