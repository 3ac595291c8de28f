/** Lists and maps that are nil in Go: its json shows them as null. */

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
