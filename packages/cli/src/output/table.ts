/**
 * Tables of aligned columns: two blanks between columns, none at the ends of lines. Cells hold
 * texts from images and containers, whose control characters must not reach the terminal.
 */
import { showControls } from '@berth/errors';

const GAP = 2;
/**
 * The least width of every column except the last, as in Podman, so that the columns of short
 * tables stay at the same place.
 */
const LEAST_WIDTH = 10;

/** Printable ASCII characters: each is one column wide, and none is a control character. */
const PLAIN = /^[ -~]*$/;

/** The rows. Each cell is as wide as the widest of its column, and at least ten characters. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  // A fast path that nearly always applies: `ps` of a thousand containers has 7,000 cells.
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

/** The number of characters; a character beyond 16 bits takes two units of a string. */
function lengthOf(cell: string): number {
  return /[\ud800-\udbff]/.test(cell) ? [...cell].length : cell.length;
}
