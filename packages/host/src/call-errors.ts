/**
 * The error numbers of failed calls, for a foreign function interface that can't return them
 * together with the call's result.
 */
import type { BoundCall } from './syscall-table.ts';

/**
 * Between a call and the reading of its number the collector of garbage may run. It opens
 * /proc/self/statm; below a root without /proc that fails, and its number is read instead. So a
 * call that failed is made again, until two in a row have the same number, or one succeeds.
 */
export class CallErrors {
  readonly #read: () => number;
  #last = 0;

  constructor(read: () => number) {
    this.#read = read;
  }

  /** That of the last call that failed. */
  last(): number {
    return this.#last;
  }

  /** The call, made up to `attempts` times more where it fails, with its number for last(). */
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
