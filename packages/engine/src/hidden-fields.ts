/** How Go writes what is empty: fields that json leaves out, and null for lists and maps. */

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
