/**
 * What list and inspect commands print: a table with titles, a Go template for each entry, or
 * json, as `--format` says. The template engine is loaded only where a template was given.
 */
import { showControls } from '@berth/errors';
import { print } from './streams.ts';
import { formatTable } from './table.ts';
import { isTerminal } from './terminal.ts';

const STDOUT = 1;

/** A column of the usual table: its title and what it shows of an entry. */
export interface Column<T> {
  readonly title: string;
  readonly show: (entry: T) => string;
}

/** Entries, and how they can be shown. */
export interface Listing<T> {
  readonly entries: readonly T[];
  readonly columns: readonly Column<T>[];
  /** Fields for templates, under Podman's names; texts as the table shows them. */
  readonly fields: (entry: T) => object;
  /** The object for `--format json`. */
  readonly json: (entry: T) => unknown;
  /** Titles of fields in `table` templates, where they are not the field's name in capitals. */
  readonly titles?: Readonly<Record<string, string>>;
  readonly format: string | undefined;
  readonly heading: boolean;
}

/** Prints the entries. Throws UsageError for a bad template. */
export async function printListing<T>(listing: Listing<T>): Promise<void> {
  const { format } = listing;
  if (format === undefined || format === 'table') {
    printColumns(listing);
  } else if (isJson(format)) {
    printJson(listing.entries.map(listing.json));
  } else {
    await printTemplate(listing, format);
  }
}

/** Whether `--format` asks for json. */
export function isJson(format: string | undefined): boolean {
  return format !== undefined && /^(json|\{\{ ?json ?\.? ?\}\})$/.test(format.trim());
}

/** Prints a value as indented json on standard output, with every control character escaped. */
export function printJson(value: unknown): void {
  print(`${showControls(JSON.stringify(value, undefined, 4), 'u')}\n`);
}

/**
 * Prints each value by the template, or all as a json array when there is no template. With `table`
 * the columns are aligned, and have no titles, as in Podman.
 */
export async function printObjects(
  values: readonly object[],
  format: string | undefined,
): Promise<void> {
  if (format === undefined || isJson(format)) {
    printJson(values);
    return;
  }
  const { deepEntry, templateFromFormat } = await import('../template/template.ts');
  const { isTable, template } = templateFromFormat(format, {}, {
    forTerminal: isTerminal(STDOUT),
  });
  printLines(values.map((value) => template.render(deepEntry(value, MAPS))), isTable && []);
}

/** Members of inspected objects that hold what users named; all other objects have known fields. */
const MAPS: ReadonlySet<string> = new Set([
  'Annotations', 'CgroupConf', 'Data', 'DriverOpts', 'ExposedPorts', 'graphOptions',
  'graphStatus', 'Labels', 'Networks', 'Options', 'PortBindings', 'Ports', 'registries', 'Sysctls',
  'Tmpfs', 'Volumes',
]);

function printColumns<T>({ entries, columns, heading }: Listing<T>): void {
  const titles = heading ? [columns.map(({ title }) => title)] : [];
  const rows = entries.map((entry) => columns.map(({ show }) => show(entry)));
  print(formatTable([...titles, ...rows]));
}

async function printTemplate<T>(listing: Listing<T>, format: string): Promise<void> {
  const { templateFromFormat, entry } = await import('../template/template.ts');
  const options = { forTerminal: isTerminal(STDOUT) };
  const { isTable, template, titles } = templateFromFormat(format, listing.titles ?? {}, options);
  const lines = listing.entries.map((value) => template.render(entry(listing.fields(value))));
  printLines(lines, isTable && (listing.heading ? [titles] : []));
}

/** Prints lines as they are, or cut at tabs into a table, below rows of titles. */
function printLines(lines: readonly string[], titles: false | readonly string[][]): void {
  if (titles === false) print(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  else print(formatTable([...titles, ...lines.map((line) => line.split('\t'))]));
}
