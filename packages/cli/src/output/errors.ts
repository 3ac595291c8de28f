/** Errors as users see them, on standard error. */
import { describe, exitStatusOf, type EngineError } from '@berth/errors';
import { printError } from './streams.ts';

/** Prints the error with its hint; answers its exit status. */
export function reportError(error: EngineError): number {
  const hint = error.hint === undefined ? '' : `hint: ${error.hint}\n`;
  printError(`Error: ${describe(error)}\n${hint}`);
  return exitStatusOf(error);
}
