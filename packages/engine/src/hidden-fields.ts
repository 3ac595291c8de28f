/**
 * How Go writes objects as json: some fields are left out, empty values are null, maps are sorted.
 */

/** The object with more fields, which only templates see. Fields that it already has are kept. */
export function withHidden<T extends object>(object: T, fields: Record<string, unknown>): T {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(object, name)) {
      Object.defineProperty(object, name, { value, enumerable: false, configurable: true });
    }
  }
  return object;
}

/** Null for an empty list or map, since Podman shows both in the same way. */
export function orNull<T extends object>(value: T): T | null {
  return Object.keys(value).length === 0 ? null : value;
}

/** The map in the order in which Go prints it. */
export function byKey<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const entries = Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries) as Record<string, T>;
}
