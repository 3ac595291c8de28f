/**
 * The caller's soft limit of open files. Both JavaScript runtimes raise their own to the hard
 * limit at start; programs that close or poll every descriptor would become slow with that limit.
 */
import { readFileSync } from 'node:fs';

const USUAL_SOFT_LIMIT = 1024;

/** The limit of the parent process, which the shell would have passed on to the container. */
export function callersDescriptorLimit(): number {
  try {
    const limits = readFileSync(`/proc/${process.ppid}/limits`, 'latin1');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? USUAL_SOFT_LIMIT : Number(soft);
  } catch {
    return USUAL_SOFT_LIMIT;
  }
}
