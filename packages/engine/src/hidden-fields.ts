/**
 * How Go writes objects as json: some fields are left out, empty values are null, maps are sorted.
 */

/** The object with fields for templates alone; those that it has already stay as they are. */
export function withHidden<T extends object>(object: T, fields: Record<string, unknown>): T {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(object, name)) {
      Object.defineProperty(object, name, { value, enumerable: false, configurable: true });
    }
  }
  return object;
}

/** Null for an empty list or map, which Podman does not tell from none. */
export function orNull<T extends object>(value: T): T | null {
  return Object.keys(value).length === 0 ? null : value;
}

/** A map in the order in which Go writes it. */
export function byKey<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const entries = Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries) as Record<string, T>;
}
