/** Maps in Go's order. */

/** The map in the order in which Go prints it. */
export function byKey<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const entries = Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries) as Record<string, T>;
}
