/**
 * Tables of aligned columns: two blanks between columns, none at the ends of lines. Cells hold
 * texts from images and containers, whose control characters must not reach the terminal.
 */
import { showControls } from '@berth/errors';

const GAP = 2;
/** No column but the last is narrower, as in Podman: short tables don't jump between commands. */
const LEAST_WIDTH = 10;

/** Printable characters of ASCII: as wide as they are many, and harmless. */
const PLAIN = /^[ -~]*$/;

/** The rows, each cell as wide as the widest of its column, and ten characters at least. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  // Nearly always, and `ps` of a thousand containers looks at 7,000 cells.
  const isPlain = cells.every((row) => PLAIN.test(row.join('')));
  const rows = isPlain ? cells : cells.map((row) => row.map(shown));
  const length = isPlain ? ({ length }: string): number => length : lengthOf;
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? LEAST_WIDTH, length(cell));
    });
  }
  const padded = (cell: string, at: number): string =>
    cell + ' '.repeat((widths[at] ?? 0) - length(cell) + GAP);
  return rows.map((row) => `${row.map(padded).join('').trimEnd()}\n`).join('');
}

function shown(cell: string): string {
  return showControls(cell).replaceAll('\n', ' ');
}

/** Characters, of which those beyond 16 bits are two units of a string; few cells have any. */
function lengthOf(cell: string): number {
  return /[\ud800-\udbff]/.test(cell) ? [...cell].length : cell.length;
}
