/**
 * Measures contenders in turns, so that what disturbs the machine disturbs all of them, and keeps
 * the medians. Numbers of two runs on a shared machine don't compare; those of one run do.
 */

/** One measured value of one contender; `undefined` where the contender can't do the thing. */
export type Sample = () => Promise<number>;

/** The medians of one quantity, by contender. `berth` and, where installed, `podman` among them. */
export type Medians = Readonly<Record<string, number>>;

/** Takes `rounds` samples of every contender in turns, after one that isn't counted. */
export async function inTurns(
  contenders: Readonly<Record<string, Sample>>, rounds: number,
): Promise<Medians> {
  const samples = new Map<string, number[]>();
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, sample] of Object.entries(contenders)) {
      const value = await sample();
      if (round >= 0 || rounds === 1) samples.set(name, [...(samples.get(name) ?? []), value]);
    }
  }
  return Object.fromEntries([...samples].map(([name, values]) => [name, median(values)]));
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
