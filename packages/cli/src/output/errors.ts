/** Shows errors on standard error, in the detail that `--log-level` asks for. */
import { inspect } from 'node:util';
import { describe, exitStatusOf, SystemError, UsageError, type EngineError } from '@berth/errors';
import { explainFolder } from '../current-folder.ts';
import { printError } from './streams.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'panic'];

let showsStacks = false;

/**
 * Sets the log level; from "debug" on, errors are shown with their stack. Throws UsageError for an
 * unknown level.
 */
export function chooseLogLevel(text: string): void {
  const level = text.toLowerCase();
  if (!LOG_LEVELS.includes(level)) {
    throw new UsageError('BAD_LOG_LEVEL', `read --log-level "${text}": no such level`, {
      hint: `use one of ${LOG_LEVELS.join(', ')}`,
    });
  }
  showsStacks = level === 'trace' || level === 'debug';
}

/** Prints the error with its hint; answers its exit status. */
export function reportError(error: EngineError): number {
  if (showsStacks) printError(`${inspect(error)}\n`);
  const hint = error.hint === undefined ? '' : `hint: ${error.hint}\n`;
  const text = describe(error);
  printError(`Error: ${error instanceof SystemError ? explainFolder(text) : text}\n${hint}`);
  return exitStatusOf(error);
}
