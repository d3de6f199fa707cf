/** Prepared statements with the types that their SQL promises. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';

type Values = readonly SQLInputValue[];

type One<Arguments extends Values, Row> = (...values: Arguments) => Row | undefined;
type Many<Arguments extends Values, Row> = (...values: Arguments) => Row[];
type Command<Arguments extends Values> = (...values: Arguments) => {
  readonly changes: number;
  readonly lastRow: number;
};

/** Prepares a statement that gives at most one row; `Row` names the columns that the SQL selects. */
export function queryOne<Arguments extends Values, Row>(
  database: DatabaseSync,
  sql: string,
): One<Arguments, Row> {
  const statement = rowsAsArrays(database, sql);
  const names = namesOf(statement);
  return (...values) => {
    const row: unknown = statement.get(...values);
    return row === undefined ? undefined : (toObject(names, row as SQLOutputValue[]) as Row);
  };
}

/** Prepares a statement that gives any number of rows. */
export function queryAll<Arguments extends Values, Row>(
  database: DatabaseSync,
  sql: string,
): Many<Arguments, Row> {
  const statement = rowsAsArrays(database, sql);
  const names = namesOf(statement);
  return (...values) => {
    const rows: unknown[] = statement.all(...values);
    return rows.map((row) => toObject(names, row as SQLOutputValue[]) as Row);
  };
}

/** Prepares a statement that gives so many rows that they are taken one by one. */
export function queryEach<Row>(database: DatabaseSync, sql: string): () => Iterable<Row> {
  const statement = rowsAsArrays(database, sql);
  const names = namesOf(statement);
  return function* rows() {
    for (const row of statement.iterate() as Iterable<unknown>) {
      yield toObject(names, row as SQLOutputValue[]) as Row;
    }
  };
}

/** Prepares a statement that changes rows. */
export function command<Arguments extends Values>(database: DatabaseSync, sql: string): Command<Arguments> {
  const statement = database.prepare(sql);
  return (...values) => {
    const { changes, lastInsertRowid } = statement.run(...values);
    return { changes: Number(changes), lastRow: Number(lastInsertRowid) };
  };
}

function rowsAsArrays(database: DatabaseSync, sql: string): ReturnType<DatabaseSync['prepare']> {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

function namesOf(statement: ReturnType<DatabaseSync['prepare']>): readonly string[] {
  return statement.columns().map(({ name }) => name);
}

// The objects that node:sqlite makes are dictionaries: whoever reads or copies one pays several times as much.
function toObject(names: readonly string[], values: readonly SQLOutputValue[]): unknown {
  const row: Record<string, SQLOutputValue | undefined> = {};
  for (let index = 0; index < names.length; index++) row[names[index] ?? ''] = values[index];
  return row;
}
