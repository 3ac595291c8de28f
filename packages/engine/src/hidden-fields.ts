/** Fields of an object that Go's json leaves out and its templates have. */

/** The object with more fields, which only templates see. Fields that it already has are kept. */
export function withHidden<T extends object>(object: T, fields: Record<string, unknown>): T {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(object, name)) {
      Object.defineProperty(object, name, { value, enumerable: false, configurable: true });
    }
  }
  return object;
}
