/** Plain data as YAML, for `info`: block style, strings quoted only where they must be. */
import { showControls } from '@berth/errors';

const PLAIN = /^[A-Za-z0-9_./(@][A-Za-z0-9_./@+~=,()% :-]*$/;
const AMBIGUOUS = /^(true|false|yes|no|on|off|null|~|[-+]?[0-9.][0-9_.eE+-]*)$/i;

/** The value as a YAML document, ending in a newline. */
export function formatYaml(value: unknown): string {
  const text = block(value, 0);
  return text.startsWith('\n') ? text.slice(1) : `${text.trimStart()}\n`;
}

/** The text after a key: a scalar after a space, or an indented block on new lines. */
function block(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value
      .map((item) => `\n${indent(depth)}-${listItem(item, depth)}`)
      .join('')
      .concat(depth === 0 ? '\n' : '');
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    if (entries.length === 0) return ' {}';
    const lines = entries.map(
      ([key, inner]) => `\n${indent(depth)}${scalar(key)}:${block(inner, depth + 1)}`,
    );
    return lines.join('').concat(depth === 0 ? '\n' : '');
  }
  return ` ${scalar(value)}`;
}

/** A list item; the first key of a mapping is on the line of the dash. */
function listItem(item: unknown, depth: number): string {
  const text = block(item, depth + 1);
  return text.startsWith('\n') ? ` ${text.trimStart()}` : text;
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const isPlain = PLAIN.test(value) && !AMBIGUOUS.test(value) && !/: |:$| $/.test(value);
  return isPlain ? value : showControls(JSON.stringify(value), 'u');
}

function indent(depth: number): string {
  return '  '.repeat(depth);
}
