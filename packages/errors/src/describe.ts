/** Joins an error and its causes into one sentence, from the outside to the inside. */
import { EngineError } from './engine-error.ts';
import { redact } from './redact.ts';

const MAX_CAUSES = 8;
const ENGINE_FAILURE = 125;

/** `action "object": cause: deeper cause`; what the text already ends with is not repeated. */
export function describe(error: unknown): string {
  let text = '';
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    const message = redact(current.message);
    if (message !== '' && !text.endsWith(message)) {
      text = text === '' ? message : `${text}: ${message}`;
    }
    current = current.cause;
  }
  return text === '' ? redact(String(error)) : text;
}

/** The exit status for an error: its own for an EngineError, 125 for everything else. */
export function exitStatusOf(error: unknown): number {
  return error instanceof EngineError ? error.exitStatus : ENGINE_FAILURE;
}
