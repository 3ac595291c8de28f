/** Where a command that writes an archive puts it. */
import { UsageError } from '@berth/errors';
import { isTerminal } from './terminal.ts';

/**
 * The path of `--output`; undefined is standard output. Throws UsageError, with `instead` as what
 * to type, if that is a terminal.
 */
export function archiveOutput(output: string | undefined, instead: string): string | undefined {
  if (output !== undefined && output !== '-') return output;
  if (!isTerminal(1)) return undefined;
  throw new UsageError('OUTPUT_IS_TERMINAL', 'export to standard output: it is a terminal', {
    hint: instead,
  });
}
