/** Tables of aligned columns, two blanks between them, none at the ends of lines. */

const GAP = 2;
/** No column but the last is narrower, as in Podman: short tables don't jump between commands. */
const LEAST_WIDTH = 10;

/** The rows, each cell as wide as the widest of its column, and ten characters at least. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(
      (cell, at) => (widths[at] = Math.max(widths[at] ?? LEAST_WIDTH, [...cell].length)),
    );
  }
  return rows.map((row) => `${formatRow(row, widths)}\n`).join('');
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length + GAP))
    .join('')
    .trimEnd();
}
