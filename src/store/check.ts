/** Looking for damage in a queue, also while a relay works on it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FolderPaths } from './data-folder.ts';
import { queueDatabase } from './migrations.ts';
import { findingsOf, isDamage, schemaFinding } from './open-database.ts';
import { numbered, pathsOf, queueDatabaseOf, queuesIn } from './queue-files.ts';

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
 * Reads the whole of each queue and looks for every content; changes nothing. Takes seconds for each GB.
 *
 * @param dataFolder that of a relay, whether or not it runs.
 */
export function checkQueue(dataFolder: string): QueueCheck {
  const queues = queuesIn(dataFolder);
  if (queues.length === 0) {
    const file = join(dataFolder, queueDatabase.file);
    return { findings: [`${file} is missing`], messages: 0, open: 0 };
  }
  return queues
    .map((queue) => checkOne(pathsOf(dataFolder, queue)))
    .reduce((sum, { findings, messages, open }) => ({
      findings: [...sum.findings, ...findings],
      messages: sum.messages + messages,
      open: sum.open + open,
    }));
}

function checkOne(paths: FolderPaths): QueueCheck {
  const kind = queueDatabaseOf(paths);
  const database = new DatabaseSync(join(paths.path, kind.file), { readOnly: true });
  // Which one is said only where there are several.
  const named = (finding: string): string => (paths.queue === 1 ? finding : `${kind.file}: ${finding}`);
  try {
    const findings = [
      ...findingsOf(database, `integrity_check(${MOST_FINDINGS})`),
      ...schemaFinding(database, kind),
      ...database
        .prepare('PRAGMA foreign_key_check')
        .all()
        .slice(0, MOST_FINDINGS)
        .map(({ table }) => `a row of ${String(table)} belongs to no message`),
    ].map(named);
    if (findings.length > 0) return { findings, messages: 0, open: 0 };
    const counts = database
      .prepare('SELECT count(*) AS messages, count(*) - count(final_at) AS open FROM messages')
      .get();
    return {
      findings: missingContent(database, paths),
      messages: Number(counts?.['messages']),
      open: Number(counts?.['open']),
    };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { findings: [named(error.message)], messages: 0, open: 0 };
  } finally {
    database.close();
  }
}

function missingContent(database: DatabaseSync, { queue, bodies }: FolderPaths): string[] {
  const kept = database.prepare("SELECT id FROM messages WHERE final_at IS NULL AND kept_in = 'file'").all();
  // A message may end, and its file go, while we look.
  const isOpen = database.prepare('SELECT 1 FROM messages WHERE id = ? AND final_at IS NULL');
  return kept
    .map(({ id }) => String(id))
    .filter((id) => !existsSync(join(bodies, id)) && isOpen.get(id) !== undefined)
    .map((id) => `the content of message ${id} is missing: ${numbered('bodies', queue)}/${id}`);
}
