/** The caller's descriptors that a process in a container is to have. */
import { readlinkSync } from 'node:fs';
import { UsageError } from '@berth/errors';

/**
 * Returns when all of these descriptors are the caller's; else throws UsageError. Descriptors that
 * the runtime of this program (Node, Bun) opened itself must not get into a container.
 */
export function requireDescriptors(numbers: readonly number[]): void {
  const missing = numbers.find((number) => !isOfCaller(number));
  if (missing !== undefined) {
    throw new UsageError('NO_SUCH_DESCRIPTOR', `preserve descriptor ${missing}: it is not open`, {
      hint: `open it for this command, as in: berth run --preserve-fd ${missing} … ${missing}<FILE`,
    });
  }
}

/** Runtimes open event queues for themselves; a shell never passes such a descriptor on. */
function isOfCaller(number: number): boolean {
  try {
    return !readlinkSync(`/proc/self/fd/${number}`).startsWith('anon_inode:');
  } catch {
    return false;
  }
}
