/** The queue over one SQLite database, synchronous: the writer thread runs it, and so can a test. */
import type { DatabaseSync } from 'node:sqlite';
import { accept } from './accept.ts';
import { backupFrom } from './backup.ts';
import { bodyFiles } from './body-files.ts';
import { type Answer, type Call, type Operations, PURGE_STEP } from './calls.ts';
import { claim, giveBack, nextDue } from './claim.ts';
import type { FolderPaths } from './data-folder.ts';
import { free, heldMail } from './holds.ts';
import { list, show } from './listing.ts';
import { nudge } from './nudge.ts';
import { pause, pauses, unpause } from './pause.ts';
import type { BackedUp } from './queue-store.ts';
import { type Room, roomFor } from './room.ts';
import { settle } from './settle.ts';
import { asStoreError, StoreError } from './store-error.ts';
import { queueTables, type Tables } from './tables.ts';
import { createUndo } from './undo.ts';

export interface SqliteQueue {
  /** Carries out the calls in their order and answers each; what it answers is on the medium. */
  commit(calls: readonly Call[]): readonly Answer[];
  /** Commits may come in between. @throws StoreError */
  backup(path: string): Promise<BackedUp>;
  close(): void;
}

/** The queue in `database`; what a process before was attempting waits again. */
export function sqliteQueue(database: DatabaseSync, folder: FolderPaths): SqliteQueue {
  const files = bodyFiles(folder);
  const undo = createUndo();
  const room = roomFor(database, folder);
  const tables = queueTables(database, files, undo);
  const operations = operationsOn(tables, room);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');

  function inTransaction<Result>(work: () => Result): Result {
    begin.run();
    undo.begun();
    let result: Result;
    try {
      result = work();
      files.flush();
      commit.run();
    } catch (error) {
      // SQLite ends the transaction itself on some errors, such as a full disk.
      if (database.isTransaction) database.exec('ROLLBACK');
      files.rolledBack();
      undo.rolledBack();
      throw error;
    }
    files.committed();
    undo.committed();
    return result;
  }

  function single(call: Call): Answer {
    try {
      return inTransaction(() => carryOut(operations, call));
    } catch (error) {
      const { code, message } = asStoreError(error, 'queue');
      return { kind: 'failed', code, message };
    }
  }

  files.sweep((id) => tables.messages.body(id)?.kind === 'file');

  return {
    commit(calls) {
      if (calls.some(({ name }) => name === 'accept')) room.look();
      try {
        return inTransaction(() => calls.map((call) => carryOut(operations, call)));
      } catch (error) {
        if (asStoreError(error, 'queue').code === 'full') room.make();
        // One bad call must not fail its neighbours: each has its own transaction now, and its own error.
        return calls.map(single);
      }
    },
    backup: (path) => backupFrom(folder, files, path),
    close: () => database.close(),
  };
}

function operationsOn(tables: Tables, room: Room): Operations {
  return {
    accept(message) {
      if (!room.take(message.properties.size)) {
        throw new StoreError('full', 'the medium of the queue is almost full: no new mail is taken');
      }
      accept(tables, message);
    },
    receipt: (request) => tables.receipts.get(request),
    claim: (request) => claim(tables, request),
    settle: (request) => settle(tables, request),
    giveBack: (claims) => giveBack(tables, claims),
    body: (id) => tables.messages.body(id),
    list: (request) => list(tables, request),
    show: (id) => show(tables, id),
    nudge: (request) => nudge(tables, request),
    heldDestinations: ({ after, most }) => tables.holds.destinations(after, most),
    noteLooks: (looks) => tables.holds.noteLooks(looks),
    heldMail: (request) => heldMail(tables, request),
    free: (request) => free(tables, request),
    pause: (request) => pause(tables, request),
    unpause: (destination) => unpause(tables, destination),
    pauses: (now) => pauses(tables, now),
    nextDue: (perDestination) => nextDue(tables, perDestination ?? Number.MAX_SAFE_INTEGER),
    purge: (olderThan) => tables.messages.purge(olderThan, PURGE_STEP),
  };
}

function carryOut<Name extends Call['name']>(operations: Operations, call: Call<Name>): Answer {
  return { kind: 'done', value: operations[call.name](call.argument) };
}
