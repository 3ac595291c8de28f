/** Fields that json leaves out and templates know all the same, as Go's omitempty has it. */

/** The object with the fields; those that it has already stay as they are. */
export function withHidden<T extends object>(object: T, fields: Record<string, unknown>): T {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(object, name)) {
      Object.defineProperty(object, name, { value, enumerable: false, configurable: true });
    }
  }
  return object;
}
