/**
 * Whether a program carries a file capability: reads the `security.capability` attribute.
 */
import { loadSyscalls } from './syscalls.ts';

const ATTRIBUTE = 'security.capability';
const CAPABILITY_BITS = { setgid: 6, setuid: 7 } as const;
const PERMITTED_OFFSET = 4;
const SHORTEST_BYTES = 12;
const LONGEST_BYTES = 24;

/** True when `path` has `capability` in its permitted file capabilities; false when unreadable. */
export function lookUpFileCapability(
  path: string,
  capability: keyof typeof CAPABILITY_BITS,
): boolean {
  const value = Buffer.alloc(LONGEST_BYTES);
  const length = loadSyscalls().lgetxattr(path, ATTRIBUTE, value);
  if (length < SHORTEST_BYTES) return false;
  return ((value.readUInt32LE(PERMITTED_OFFSET) >>> CAPABILITY_BITS[capability]) & 1) === 1;
}
