/**
 * The error numbers of failed calls, for a foreign function interface that can't return them
 * together with the call's result.
 */
import type { BoundCall } from './syscall-table.ts';

/**
 * The garbage collector may run between a call and the reading of its error number. It opens
 * /proc/self/statm. Below a root without /proc that fails, and then the number read is the
 * collector's. So a failed call is repeated, until two in a row have the same number, or one
 * succeeds.
 */
export class CallErrors {
  readonly #read: () => number;
  #last = 0;

  constructor(read: () => number) {
    this.#read = read;
  }

  /** The error number of the last failed call. */
  last(): number {
    return this.#last;
  }

  /** The call, repeated up to `attempts` times if it fails, with its number for last(). */
  noted(call: BoundCall, attempts: number): BoundCall {
    return (...values) => {
      let result = call(...values);
      if (result >= 0) return result;
      let before: number | undefined;
      this.#last = this.#read();
      for (let left = attempts; left > 0 && before !== this.#last; left -= 1) {
        result = call(...values);
        if (result >= 0) return result;
        before = this.#last;
        this.#last = this.#read();
      }
      return result;
    };
  }
}
