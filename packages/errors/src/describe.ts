/** Joins an error and its causes into one sentence, from the outside to the inside. */
import { EngineError } from './engine-error.ts';
import { redact } from './redact.ts';
import { wordsOfNameless } from './system-code.ts';

const MAX_CAUSES = 8;
const ENGINE_FAILURE = 125;

/** `action "object": cause: deeper cause`; what the text already ends with is not repeated. */
export function describe(error: unknown): string {
  let text = '';
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    const message = redact(text === '' ? wholeMessage(current) : reason(current));
    if (message !== '' && !text.endsWith(message)) {
      text = text === '' ? message : `${text}: ${message}`;
    }
    current = current.cause;
  }
  return text === '' ? redact(String(error)) : text;
}

/** What node:fs and its kin throw: `ENOENT: no such file or directory, open '/x'`. */
const SYSTEM_MESSAGE =
  /^(?:E[A-Z0-9]+|UNKNOWN|Unknown system error -\d+): (.*?), [a-z_]+\b.*$/s;

/** True for an error of a system call that has no message of ours yet. */
export function isSystemCallError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && SYSTEM_MESSAGE.test(error.message) && 'syscall' in error;
}

/** Only the kernel's words, for a message that says already what was tried. */
function reason(error: Error): string {
  if (!isSystemCallError(error)) return error.message;
  return wordsOfNameless(error) ?? error.message.replace(SYSTEM_MESSAGE, '$1');
}

function wholeMessage(error: Error): string {
  if (!isSystemCallError(error)) return error.message;
  const object = error.path === undefined ? '' : ` "${error.path}"`;
  return `${error.syscall}${object}: ${reason(error)}`;
}

/** The exit status for an error: its own for an EngineError, 125 for everything else. */
export function exitStatusOf(error: unknown): number {
  return error instanceof EngineError ? error.exitStatus : ENGINE_FAILURE;
}
