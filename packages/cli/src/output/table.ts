/**
 * Tables of aligned columns, two blanks between them, none at the ends of lines. Cells hold what
 * images and containers say of themselves, which must not drive the terminal.
 */
import { showControls } from '@berth/errors';

const GAP = 2;
/** No column but the last is narrower, as in Podman: short tables don't jump between commands. */
const LEAST_WIDTH = 10;

/** The rows, each cell as wide as the widest of its column, and ten characters at least. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(shown));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? LEAST_WIDTH, lengthOf(cell));
    });
  }
  return rows.map((row) => `${formatRow(row, widths)}\n`).join('');
}

function shown(cell: string): string {
  return showControls(cell).replaceAll('\n', ' ');
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell) + GAP))
    .join('')
    .trimEnd();
}

/** Characters, of which those beyond 16 bits are two units of a string; few cells have any. */
function lengthOf(cell: string): number {
  return /[\ud800-\udbff]/.test(cell) ? [...cell].length : cell.length;
}
