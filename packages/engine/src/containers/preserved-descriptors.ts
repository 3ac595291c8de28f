/** The caller's descriptors that a process in a container is to have, `--preserve-fds`. */
import { readlinkSync } from 'node:fs';
import { UsageError } from '@berth/errors';

const FIRST = 3;

/**
 * The numbers from 3 on. Throws UsageError where one is not the caller's: what the runtime of this
 * program has opened for itself must not reach a container.
 */
export function preservedDescriptors(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => FIRST + index);
  const missing = numbers.find((number) => !isOfCaller(number));
  if (missing !== undefined) {
    throw new UsageError('NO_SUCH_DESCRIPTOR', `preserve descriptor ${missing}: it is not open`, {
      hint: `open it for this command, as in: berth run --preserve-fds ${count} … ${missing}<FILE`,
    });
  }
  return numbers;
}

/** Runtimes have event queues of their own, which no shell hands to a command. */
function isOfCaller(number: number): boolean {
  try {
    return !readlinkSync(`/proc/self/fd/${number}`).startsWith('anon_inode:');
  } catch {
    return false;
  }
}
