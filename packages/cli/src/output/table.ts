/** Tables of aligned columns, two blanks between them, none at the ends of lines. */

const GAP = 2;
/** No column but the last is narrower, as in Podman: short tables don't jump between commands. */
const LEAST_WIDTH = 10;

/** The rows, each cell as wide as the widest of its column, and ten characters at least. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? LEAST_WIDTH, lengthOf(cell));
    });
  }
  return rows.map((row) => `${formatRow(row, widths)}\n`).join('');
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
