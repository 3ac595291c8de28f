/** Tables of aligned columns, two blanks between them, none at the ends of lines. */

const GAP = 2;

/** The rows, each cell as wide as the widest of its column. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(
      (cell, column) => (widths[column] = Math.max(widths[column] ?? 0, [...cell].length)),
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
