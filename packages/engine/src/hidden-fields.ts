/**
 * How Go writes objects as json: some fields are left out, empty lists and maps are null, maps are
 * sorted.
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

class NilList extends Array<never> {
  toJSON(): null {
    return null;
  }
}

class NilMap {
  toJSON(): null {
    return null;
  }
}

/** A list that json shows as null; for templates it is a list without elements. */
export function nilList(): readonly never[] {
  return new NilList();
}

/** As nilList(), for a map. */
export function nilMap(): object {
  return new NilMap();
}

/** The list or map, nil if it is empty, since Podman shows both in the same way. */
export function nilIfEmpty(value: object): object {
  if (Object.keys(value).length > 0) return value;
  return Array.isArray(value) ? nilList() : nilMap();
}

/** The map in the order in which Go prints it. */
export function byKey<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const entries = Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries) as Record<string, T>;
}
