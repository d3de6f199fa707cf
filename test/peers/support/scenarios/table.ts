/** The table of docs/scenarios.md. */
import { layers, messages, peers, type Row } from './row.ts';

/** What is short for one thing in the others' columns. */
export function legendText(): string {
  const listed = (what: string, all: Readonly<Record<string, string>>): string =>
    [
      line([what, 'means']),
      line(['---', '---']),
      ...Object.entries(all).map(([name, means]) => line([name, means])),
    ].join('');
  return [
    listed('who demands', layers),
    listed('who is there', peers),
    listed('the message asks', messages),
  ].join('\n');
}

export function tableText(rows: readonly Row[]): string {
  const heads = [
    'who demands',
    'who is there',
    'the message asks',
    'on_blocked',
    'required',
    'by',
    'outcome',
    'events',
    'reply, or the sender is told',
    'queue',
    'because',
  ];
  return [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(cellsOf(row)))].join('');
}

function cellsOf(row: Row): readonly string[] {
  const { labDomain, onBlocked, because } = row;
  const layer = labDomain === null ? row.layer : `${row.layer} (${labDomain})`;
  const { peer, message, required, by, outcome, events, reply, queue } = row;
  return [layer, peer, message, onBlocked, required, by, outcome, events, reply, queue, `${because}…`];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
