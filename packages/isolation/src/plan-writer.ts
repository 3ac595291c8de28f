/**
 * The encoding of launch plans: NUL-terminated strings, each record a header `OP COUNT` and COUNT
 * arguments, opened by `berth-plan 1` and closed by `end 0`. docs/launch-plan.md is its reference;
 * native/src/plan.c reads it.
 */
import { UsageError } from '@berth/errors';

/** The first string of every plan: its format and version. */
export const PLAN_HEADER = 'berth-plan 1';
/** The largest plan that the reader accepts. A larger one is refused before anything is started. */
export const MAX_PLAN_BYTES = 8 * 1024 * 1024;
const MAX_PLAN_STRINGS = 65_536;

/** Collects records in order; bytes() closes the plan. */
export class PlanWriter {
  private readonly strings: string[] = [PLAN_HEADER];

  /** Appends one record. Throws UsageError for an argument with a NUL, which no plan can carry. */
  add(op: string, ...args: readonly (string | number)[]): this {
    this.strings.push(`${op} ${args.length}`);
    for (const arg of args) {
      const text = String(arg);
      if (text.includes('\0')) {
        throw new UsageError('PLAN_NUL', `launch plan: the value of "${op}" contains a NUL byte`);
      }
      this.strings.push(text);
    }
    return this;
  }

  /** The whole plan. Throws UsageError when it is larger than the helper reads. */
  bytes(): Buffer {
    const all = [...this.strings, 'end 0', ''];
    const plan = Buffer.from(all.join('\0'), 'utf8');
    if (plan.length > MAX_PLAN_BYTES || all.length > MAX_PLAN_STRINGS) {
      throw new UsageError(
        'PLAN_TOO_LARGE',
        `launch plan: ${plan.length} bytes in ${all.length} strings is more than ` +
          `${MAX_PLAN_BYTES} bytes or ${MAX_PLAN_STRINGS} strings: ` +
          'fewer arguments, variables or mounts are needed',
      );
    }
    return plan;
  }
}
