/** The caller's descriptors that a process in a container is to have. */
import { readlinkSync } from 'node:fs';
import { UsageError } from '@berth/errors';

/**
 * Returns when all are the caller's, else throws UsageError: what the runtime of this program has
 * opened for itself must not reach a container.
 */
export function requireDescriptors(numbers: readonly number[]): void {
  const missing = numbers.find((number) => !isOfCaller(number));
  if (missing !== undefined) {
    throw new UsageError('NO_SUCH_DESCRIPTOR', `preserve descriptor ${missing}: it is not open`, {
      hint: `open it for this command, as in: berth run --preserve-fd ${missing} … ${missing}<FILE`,
    });
  }
}

/** Runtimes have event queues of their own, which no shell hands to a command. */
function isOfCaller(number: number): boolean {
  try {
    return !readlinkSync(`/proc/self/fd/${number}`).startsWith('anon_inode:');
  } catch {
    return false;
  }
}
