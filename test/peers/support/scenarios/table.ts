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
  const { onBlocked, because } = row;
  const layer = layerText(row);
  const { peer, message, required, by, outcome, events, reply, queue } = row;
  return [layer, peer, message, onBlocked, required, by, outcome, events, reply, queue, `${because}…`];
}

/** With the domain of the lab, and whether the switch is on where the rows are about something else. */
export function layerText({ layer, labDomain, switched }: Row): string {
  const at = labDomain === null ? '' : ` (${labDomain})`;
  return `${layer}${at}${switched && layer !== 'override *' ? ', and the switch on' : ''}`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}
