/**
 * Go templates for `--format`: text/template with the functions of Docker and Podman. Values are
 * plain data; entry() marks objects whose fields are all known.
 */
import { showControls } from '@berth/errors';
import { evaluate } from './evaluate.ts';
import { parse } from './parse.ts';

export { deepEntry, entry } from './values.ts';

/** A template, ready for many values. */
export interface Template {
  /** Throws UsageError for a field that an entry does not have, and for misused functions. */
  render(value: unknown): string;
}

/** Where the text goes: on a terminal, values must not contain control characters. */
export interface TemplateOptions {
  forTerminal?: boolean;
}

/** Parses a template. Throws UsageError (BAD_TEMPLATE) for an invalid one. */
export function parseTemplate(
  text: string,
  { forTerminal = false }: TemplateOptions = {},
): Template {
  const parsed = parse(text);
  const show = forTerminal ? showControls : (value: string): string => value;
  return { render: (value) => evaluate(parsed, value, show) };
}

/** A `--format` of a list. */
export interface ListFormat {
  isTable: boolean;
  template: Template;
  /** Titles of the table's columns; empty when the format is no table. */
  titles: string[];
}

const TABLE = /^table(\s+|$)/;

/**
 * Parses `table {{.ID}}\t{{.Names}}` and plain templates; `\t` and `\n` may be typed with a
 * backslash. In a table a blank separates columns too.
 */
export function templateFromFormat(
  format: string,
  titles: Readonly<Record<string, string>>,
  options: TemplateOptions = {},
): ListFormat {
  const isTable = TABLE.test(format);
  const plain = unescapeText(format.replace(TABLE, ''));
  const text = isTable ? outsideActions(plain, (part) => part.replace(/ +/g, '\t')) : plain;
  return {
    isTable,
    template: parseTemplate(text, options),
    titles: isTable ? text.split('\t').map((cell) => titleOf(cell, titles)) : [],
  };
}

/**
 * Replaces `\t` and `\n` by the characters they mean; strings inside actions have their own
 * escapes.
 */
function unescapeText(format: string): string {
  return outsideActions(format, (part) => part.replace(/\\t/g, '\t').replace(/\\n/g, '\n'));
}

function outsideActions(format: string, change: (text: string) => string): string {
  return format
    .split(/(\{\{[\s\S]*?\}\})/)
    .map((part) => (part.startsWith('{{') ? part : change(part)))
    .join('');
}

/** The cell, with each action replaced by the title of its field: `CreatedAt` is `CREATED AT`. */
function titleOf(cell: string, titles: Readonly<Record<string, string>>): string {
  return cell.replace(/\{\{[\s\S]*?\}\}/g, (action) => {
    const [, name] = /\.([A-Za-z]+)/.exec(action) ?? [];
    if (name === undefined) return '';
    return (Object.hasOwn(titles, name) ? titles[name] : undefined) ?? capitals(name);
  });
}

function capitals(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toUpperCase();
}
