/** Prepared statements with the types that their SQL promises. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

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
  const statement = database.prepare(sql);
  return (...values) => statement.get(...values) as Row | undefined;
}

/** Prepares a statement that gives any number of rows. */
export function queryAll<Arguments extends Values, Row>(
  database: DatabaseSync,
  sql: string,
): Many<Arguments, Row> {
  const statement = database.prepare(sql);
  return (...values) => statement.all(...values) as Row[];
}

/** Prepares a statement that changes rows. */
export function command<Arguments extends Values>(database: DatabaseSync, sql: string): Command<Arguments> {
  const statement = database.prepare(sql);
  return (...values) => {
    const { changes, lastInsertRowid } = statement.run(...values);
    return { changes: Number(changes), lastRow: Number(lastInsertRowid) };
  };
}
