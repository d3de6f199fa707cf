/** What one fault came to: a row of docs/faults.md. */

export interface Row {
  /** What was done. */
  readonly fault: string;
  readonly load: string;
  readonly accepted: number;
  /** Of the accepted, how many came to the far side once or more. */
  readonly arrived: number;
  /** Deliveries beyond the first. */
  readonly doubles: number;
  /** Of the accepted that did not arrive: those in the queue at the end. */
  readonly waiting: number;
  /** Of the accepted that did not arrive: those whose sender was told that they are given up. */
  readonly returned: number;
  readonly lost: number;
  /** What clients saw, with counts. */
  readonly clients: string;
  /** What the log said at level warn or above, each line once, with counts. */
  readonly log: readonly string[];
  readonly recovery: string;
  /** What was counted on the way, for tests. */
  readonly facts: Readonly<Record<string, number>>;
}

/** With what an operator sees and does. */
export interface ToldRow extends Row {
  readonly operator: string;
}

/** The tables of the page. */
export function pageText(rows: readonly ToldRow[]): string {
  return `${figures(rows)}\n${rows.map(said).join('\n')}`;
}

function figures(rows: readonly Row[]): string {
  const heads = ['fault', 'load', 'accepted', 'arrived', 'doubles', 'in the queue', 'returned', 'lost'];
  const cells = (row: Row): readonly string[] => [
    row.fault,
    row.load,
    ...[row.accepted, row.arrived, row.doubles, row.waiting, row.returned, row.lost].map((one) =>
      one.toLocaleString('en'),
    ),
  ];
  return [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('');
}

function said({ fault, clients, log, recovery, operator }: ToldRow): string {
  const lines = log.length === 0 ? '  - nothing' : log.map((one) => `  - \`${one}\``).join('\n');
  return `### ${fault}\n\n- Clients saw: ${clients}.\n- The log:\n${lines}\n- ${recovery}\n- What to do: ${operator}\n`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
