/** `--preserve-fds N` and `--preserve-fd LIST`: which of the caller's descriptors are passed on. */
import { UsageError } from '@berth/errors';

const FIRST = 3;
const MAX_PRESERVED = 1024;

/** The numbers, in order. Throws UsageError for what is no count and no descriptor from 3 on. */
export function parsePreserved(count: number | undefined, list: readonly string[]): number[] {
  if (count !== undefined && (count < 0 || count > MAX_PRESERVED)) {
    throw new UsageError(
      'BAD_COUNT',
      `read --preserve-fds "${count}": not between 0 and ${MAX_PRESERVED}`,
    );
  }
  if (count === undefined && list.length === 0) return [];
  const counted = Array.from({ length: count ?? 0 }, (_, index) => FIRST + index);
  return [...new Set([...counted, ...list.map(descriptor)])].sort((a, b) => a - b);
}

function descriptor(text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number < FIRST || number >= FIRST + MAX_PRESERVED) {
    throw new UsageError(
      'BAD_DESCRIPTOR',
      `read --preserve-fd "${text}": not between ${FIRST} and ${FIRST + MAX_PRESERVED - 1}`,
    );
  }
  return number;
}
