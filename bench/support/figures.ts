/** Figures as the benches print them. */

/** Prints rows as a table; a bar within a cell would end it. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  console.log(`| ${heads.join(' | ')} |\n|${heads.map(() => '---|').join('')}`);
  for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
}

/** The figure in the middle. */
export function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}
