/** The tables of queue.db together. */
import type { DatabaseSync } from 'node:sqlite';
import type { BodyFiles } from './body-files.ts';
import { type Claims, claimsTable } from './claims.ts';
import { type Destinations, destinationsTable } from './destinations.ts';
import { type Messages, messagesTable } from './messages.ts';
import { type Recipients, recipientsTable } from './recipients.ts';
import { type Trail, trailTables } from './trail.ts';

export interface Tables {
  readonly messages: Messages;
  readonly recipients: Recipients;
  readonly destinations: Destinations;
  readonly claims: Claims;
  readonly trail: Trail;
}

/** Prepares every statement once. */
export function queueTables(database: DatabaseSync, files: BodyFiles): Tables {
  const messages = messagesTable(database, files);
  return {
    messages,
    recipients: recipientsTable(database, messages),
    destinations: destinationsTable(database),
    claims: claimsTable(database),
    trail: trailTables(database),
  };
}
