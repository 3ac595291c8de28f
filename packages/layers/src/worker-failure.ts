/** How workers that only write report an error: one line of JSON on standard error. */
import { writeSync } from 'node:fs';
import { EngineError } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';

/** Does the work; returns the exit status. Errors of the system are those of `action object`. */
export function tellingFailure(action: string, object: string, work: () => void): number {
  try {
    work();
    return 0;
  } catch (error) {
    const known = error instanceof EngineError ? error : systemErrorFrom(error, action, object);
    if (!(known instanceof EngineError)) throw known;
    const { code, message, hint } = known;
    writeSync(2, JSON.stringify({ code, message, hint }));
    return 1;
  }
}
