/** Finds what a user may have meant by a word that does not exist. */

/**
 * The candidate nearest to `word`, or undefined when none is so near that `word` may be a typing
 * mistake.
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const limit = word.length < 4 ? 1 : Math.min(3, Math.ceil(word.length / 3));
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = isPrefix(word, candidate) ? 0.5 : editDistance(word, candidate);
    if (distance <= limit && distance < (best?.distance ?? Infinity)) {
      best = { candidate, distance };
    }
  }
  return best?.candidate;
}

function isPrefix(word: string, candidate: string): boolean {
  return word.length >= 3 && candidate.startsWith(word);
}

/** The number of insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) {
    return Infinity;
  }
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + cost,
        isSwap ? (before[column - 2] ?? Infinity) + 1 : Infinity,
      ));
    }
    [before, above] = [above, current];
  }
  return above[b.length] ?? Infinity;
}
