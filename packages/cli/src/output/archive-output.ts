/** Where a command that writes an archive puts it. */
import { UsageError } from '@berth/errors';
import { isTerminal } from './terminal.ts';

/**
 * The path of `--output`; undefined is standard output. Throws UsageError if that is a terminal,
 * with what the command was `doing` and what to type `instead`.
 */
export function archiveOutput(
  output: string | undefined,
  { doing, instead }: { doing: 'export' | 'save'; instead: string },
): string | undefined {
  if (output !== undefined && output !== '-') return output;
  if (!isTerminal(1)) return undefined;
  throw new UsageError('OUTPUT_IS_TERMINAL', `${doing} to standard output: it is a terminal`, {
    hint: instead,
  });
}
