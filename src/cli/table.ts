/** Lays out rows in columns two spaces apart; the last column is not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  return growingTable()(rows);
}

/** The same for a list that is too long to be held whole: each further part has columns as wide as those before, or wider. */
export function growingTable(): typeof formatTable {
  const widths: number[] = [];
  return (rows) => {
    for (const row of rows) {
      for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
    return rows
      .map((row) => `${row.map((cell, column) => pad(cell, row, column, widths)).join('  ')}\n`)
      .join('');
  };
}

function pad(cell: string, row: readonly string[], column: number, widths: readonly number[]): string {
  return column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0);
}
