/**
 * Commands with several arguments: each argument is handled, and the exit status says whether one
 * of them failed.
 */
import { EngineError, NotFoundError } from '@berth/errors';
import { reportError } from './output/errors.ts';
import { print } from './output/streams.ts';

/**
 * Runs `act` for each word in turn and prints each answer on a line. An EngineError is printed, and
 * the remaining words are still run. Answers the first error's exit status, else 0. `missingStatus`
 * is the status for words that name nothing.
 */
export async function forEach(
  words: readonly string[],
  act: (word: string) => Promise<string | void> | string | void,
  { missingStatus }: { missingStatus?: number | undefined } = {},
): Promise<number> {
  let status = 0;
  for (const word of words) {
    try {
      const text = await act(word);
      if (text !== undefined) print(`${text}\n`);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const failed = reportError(error);
      status ||= error instanceof NotFoundError ? (missingStatus ?? failed) : failed;
    }
  }
  return status;
}
