/** Which functions templates have; apart from what they do, for parsing needs the names only. */

/** Go's own, and those that Docker and Podman add. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([
  'and', 'or', 'not', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'len', 'index', 'slice', 'print',
  'printf', 'println', 'html', 'js', 'urlquery', 'call', 'json', 'join', 'split', 'lower', 'upper',
  'title', 'pad', 'truncate', 'table',
]);
