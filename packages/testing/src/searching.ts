/**
 * How long a property is searched for a counterexample: a set number of cases from a set seed in
 * `npm test`, so that a failure is the change's own; any length and new cases in `pnpm fuzz`.
 */

/** Parameters for fast-check's `assert`. */
export interface Searching {
  readonly numRuns: number;
  readonly seed?: number;
  readonly interruptAfterTimeLimit?: number;
}

const SEED = 20_260_101;

/** `numRuns` cases, or as many as BERTH_FUZZ_SECONDS allow. A failure names its seed and path. */
export function searching(numRuns: number): Searching {
  const seconds = Number(process.env['BERTH_FUZZ_SECONDS'] ?? '0');
  return seconds > 0
    ? { numRuns: 2 ** 31 - 1, interruptAfterTimeLimit: seconds * 1000 } : { numRuns, seed: SEED };
}
