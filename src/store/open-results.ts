/** Opens what is kept of sessions and of the ways of mail. */

import type { FolderPaths } from './data-folder.ts';
import { memoryTable } from './memory-table.ts';
import { openDatabase } from './open-database.ts';
import { policyDatabase } from './policy-migrations.ts';
import type { MemoryStore, ResultStore, SeenStore, TravelStore } from './result-store.ts';
import { resultsTable } from './results-table.ts';
import { seenTable } from './seen-table.ts';
import { shapingErrors } from './store-error.ts';
import { travelTable } from './travel-table.ts';

const shaped = shapingErrors(policyDatabase.what);

/** Calls are synchronous, and every one may throw a StoreError, and has then changed nothing. */
export interface Results {
  readonly sessions: ResultStore;
  readonly travel: TravelStore;
  readonly memory: MemoryStore;
  readonly seen: SeenStore;
  close(): void;
}

/**
 * Opens it in a folder that this process holds: tables of the file that has the policies, by a connection of their own.
 *
 * @throws StoreError when the database cannot be opened, is damaged, or a newer Waxwing has written it.
 */
export function openResults(folder: Pick<FolderPaths, 'path'>): Results {
  return shaped(() => {
    const database = openDatabase(folder, policyDatabase);
    const sessions = resultsTable(database);
    const travel = travelTable(database);
    const memory = memoryTable(database);
    const seen = seenTable(database);
    return {
      sessions: {
        add: (counts) => shaped(() => sessions.add(counts)),
        of: (day, domain) => shaped(() => sessions.of(day, domain)),
        domains: (day, page) => shaped(() => sessions.domains(day, page)),
        forget: (day) => shaped(() => sessions.forget(day)),
      },
      travel: {
        add: (counts) => shaped(() => travel.add(counts)),
        since: (day, domain) => shaped(() => travel.since(day, domain)),
        forget: (day) => shaped(() => travel.forget(day)),
      },
      memory: {
        add: (notes, rules) => shaped(() => memory.add(notes, rules)),
        forget: (before) => shaped(() => memory.forget(before)),
      },
      seen: {
        add: (counts) => shaped(() => seen.add(counts)),
        since: (day, domain) => shaped(() => seen.since(day, domain)),
        domains: (day, page) => shaped(() => seen.domains(day, page)),
        forget: (day) => shaped(() => seen.forget(day)),
      },
      close: () => database.close(),
    };
  });
}
