/** The tables of queue.db together, with what is derived from them and held in memory. */
import type { DatabaseSync } from 'node:sqlite';
import { type Agenda, createAgenda } from '../queue/agenda.ts';
import type { BodyFiles } from './body-files.ts';
import { type Claims, createClaims } from './claims.ts';
import { type Holds, holdsTables } from './holds-table.ts';
import { type Messages, messagesTable, type OpenCounts, openCounts } from './messages.ts';
import { type Pauses, pausesTable } from './pauses.ts';
import { type Receipts, receiptsTable } from './receipts.ts';
import { type Recipients, recipientsTable } from './recipients.ts';
import { queryOne } from './statement.ts';
import { type Trail, trailTables } from './trail.ts';
import type { Undo } from './undo.ts';

export interface Tables {
  readonly messages: Messages;
  readonly recipients: Recipients;
  readonly receipts: Receipts;
  readonly holds: Holds;
  readonly trail: Trail;
  readonly pauses: Pauses;
  readonly agenda: Agenda;
  readonly claims: Claims;
  readonly open: OpenCounts;
}

/** Numbers given out in memory by one process; the next process begins behind them. */
const NUMBERS_PER_START = 2 ** 32;

/** Prepares every statement once, and reads what waits. */
export function queueTables(database: DatabaseSync, files: BodyFiles, undo: Undo): Tables {
  const start = queryOne<[], { number: number }>(
    database,
    'UPDATE starts SET number = number + 1 RETURNING number',
  )();
  if (start === undefined) throw new Error('the table starts is empty');
  const firstNumber = start.number * NUMBERS_PER_START;
  const open = openCounts(undo.add);
  const tables = {
    messages: messagesTable(database, files, open),
    recipients: recipientsTable(database),
    receipts: receiptsTable(database),
    holds: holdsTables(database),
    trail: trailTables(database, firstNumber),
    pauses: pausesTable(database),
    agenda: createAgenda(undo.add),
    claims: createClaims(undo.add, firstNumber),
    open,
  };
  derive(tables);
  return tables;
}

function derive({ recipients, pauses, agenda, open }: Tables): void {
  const counts = new Map<number, number>();
  for (const { message, destination, due } of recipients.pending()) {
    counts.set(message, (counts.get(message) ?? 0) + 1);
    if (due !== null) agenda.expect(destination, message, due);
  }
  for (const [message, count] of counts) open.add(message, count);
  for (const { destination, until } of pauses.all()) agenda.pause(destination, until);
}
