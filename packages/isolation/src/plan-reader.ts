/** Reads single records back from a launch plan that was written to a file. */
import { PLAN_HEADER } from './plan-writer.ts';

/**
 * The arguments of the first record with this name, or undefined when the plan has none. Records
 * are skipped by their counts, since an argument may look like a header. Throws for bytes that are
 * no plan.
 */
export function planRecord(plan: Buffer, name: string): string[] | undefined {
  const strings = plan.toString('latin1').split('\0');
  if (strings[0] !== PLAN_HEADER) throw new Error(`bug: a plan begins with "${strings[0]}"`);
  for (let at = 1; at < strings.length;) {
    const [word, count] = (strings[at] ?? '').split(' ');
    const next = at + 1 + Number(count);
    if (word === name) return strings.slice(at + 1, next);
    if (!(next > at)) break;
    at = next;
  }
  return undefined;
}
