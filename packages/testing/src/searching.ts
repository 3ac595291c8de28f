/**
 * How long a test searches for a counterexample of a property. In `npm test`: a fixed number of
 * cases from a fixed seed, so that a failure comes from the change under test. In `pnpm fuzz`: any
 * time, and new cases.
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
