/** Looking for damage in a queue, also while a relay works on it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { queueDatabase } from './migrations.ts';
import { findingsOf, isDamage, schemaFinding } from './open-database.ts';

export interface QueueCheck {
  /** In words; empty where everything is sound. */
  readonly findings: readonly string[];
  readonly messages: number;
  /** How many of them are not final. */
  readonly open: number;
}

/** A damaged file has many findings, of which the first tell enough. */
const MOST_FINDINGS = 20;

/**
 * Reads the whole database and looks for every content; changes nothing. Takes seconds for each GB.
 *
 * @param dataFolder that of a relay, whether or not it runs.
 */
export function checkQueue(dataFolder: string): QueueCheck {
  const file = join(dataFolder, queueDatabase.file);
  if (!existsSync(file)) return { findings: [`${file} is missing`], messages: 0, open: 0 };
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const findings = [
      ...findingsOf(database, `integrity_check(${MOST_FINDINGS})`),
      ...schemaFinding(database, queueDatabase),
      ...database
        .prepare('PRAGMA foreign_key_check')
        .all()
        .slice(0, MOST_FINDINGS)
        .map(({ table }) => `a row of ${String(table)} belongs to no message`),
    ];
    if (findings.length > 0) return { findings, messages: 0, open: 0 };
    const counts = database
      .prepare('SELECT count(*) AS messages, count(*) - count(final_at) AS open FROM messages')
      .get();
    return {
      findings: missingContent(database, dataFolder),
      messages: Number(counts?.['messages']),
      open: Number(counts?.['open']),
    };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { findings: [error.message], messages: 0, open: 0 };
  } finally {
    database.close();
  }
}

function missingContent(database: DatabaseSync, dataFolder: string): string[] {
  const named = database.prepare("SELECT id FROM messages WHERE final_at IS NULL AND kept_in = 'file'").all();
  // A message may end, and its file go, while we look.
  const isOpen = database.prepare('SELECT 1 FROM messages WHERE id = ? AND final_at IS NULL');
  return named
    .map(({ id }) => String(id))
    .filter((id) => !existsSync(join(dataFolder, 'bodies', id)) && isOpen.get(id) !== undefined)
    .map((id) => `the content of message ${id} is missing: bodies/${id}`);
}
