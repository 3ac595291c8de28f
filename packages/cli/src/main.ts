/**
 * The entry of the program: finds the command among the words, loads only its module, and turns
 * errors into messages and exit statuses.
 */
import { describe, EngineError, isSystemCallError } from '@berth/errors';
import { compileSoon, compileWhenLasting } from './compiling.ts';
import { explainFolder } from './current-folder.ts';
import { GLOBAL_FLAGS, type GlobalValues } from './flags/global-flags.ts';
import { parseFlags } from './flags/parse-flags.ts';
import { reportError } from './output/errors.ts';
import { printError } from './output/streams.ts';
import { alsoWritten, findRoute, type Route } from './routes.ts';

const FAILED_STATUS = 125;

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === '__worker') {
    compileSoon();
    const { runWorker } = await import('@berth/engine/worker');
    return runWorker(argv.slice(1));
  }
  compileWhenLasting();
  const options = { flags: GLOBAL_FLAGS, stopsAtOperand: true, command: '' };
  const { values, operands, help } = parseFlags(argv, options);
  const route = help ? undefined : findRoute(operands);
  if (route === undefined) {
    const { withoutCommand } = await import('./without-command.ts');
    return withoutCommand(operands, { help, version: values.version });
  }
  return runCommand(route, operands, values);
}

async function runCommand(
  { path, load }: Route,
  operands: readonly string[],
  globals: GlobalValues,
): Promise<number> {
  const command = new (await load())();
  command.line = { words: operands.slice(path.length), globals, also: alsoWritten(path) };
  return command.execute();
}

function report(error: unknown): number {
  if (error instanceof EngineError) {
    return reportError(error);
  }
  if (isSystemCallError(error)) {
    printError(`Error: ${explainFolder(describe(error))}\n`);
    return FAILED_STATUS;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  printError(`Error: this is a bug in berth, please report it:\n${stack}\n`);
  return FAILED_STATUS;
}

main(process.argv.slice(2))
  .catch(report)
  .then((status) => {
    process.exitCode = status;
  });
