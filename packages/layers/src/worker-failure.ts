/** How workers without an answer report an error: one line of JSON on standard error. */
import { writeSync } from 'node:fs';
import { EngineError } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';

/** Does the work; returns the exit status. Errors of the system are those of `action object`. */
export function tellingFailure(action: string, object: string, work: () => void): number {
  try {
    work();
    return 0;
  } catch (error) {
    return tellFailure(systemErrorFrom(error, action, object));
  }
}

/** Tells the error; returns the exit status. Throws what is no EngineError. */
export function tellFailure(error: unknown): number {
  if (!(error instanceof EngineError)) throw error;
  const { code, message, hint } = error;
  writeSync(2, JSON.stringify({ code, message, hint }));
  return 1;
}
