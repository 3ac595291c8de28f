/**
 * The names of the functions that templates have. They are apart from the functions themselves,
 * because the parser needs only the names.
 */

/** Go's own, and those that Docker and Podman add. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([
  'and', 'or', 'not', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'len', 'index', 'slice', 'print',
  'printf', 'println', 'html', 'js', 'urlquery', 'call', 'json', 'join', 'split', 'lower', 'upper',
  'title', 'pad', 'truncate', 'table',
]);
