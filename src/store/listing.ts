/** Reading the queue for people. */
import { fromColumns } from './delivery-columns.ts';
import type { MessageRow } from './messages.ts';
import type { ListedMessage, ListRequest, MessageTrail } from './queue-store.ts';
import type { Tables } from './tables.ts';

export function list(tables: Tables, request: ListRequest): readonly ListedMessage[] {
  return tables.messages.list(request).map((row) => listed(tables, row));
}

export function show(tables: Tables, id: string): MessageTrail | undefined {
  const row = tables.messages.byId(id);
  if (row === undefined) return undefined;
  return {
    ...listed(tables, row),
    events: tables.trail.events(row.number),
    transcripts: tables.trail.transcripts(row.number),
  };
}

function listed(tables: Tables, row: MessageRow): ListedMessage {
  return {
    id: row.id,
    receivedAt: row.received_at,
    sender: row.sender,
    size: row.size,
    recipients: tables.recipients.ofMessage(row.number).map((recipient) => ({
      address: recipient.address,
      destination: recipient.destination,
      delivery: fromColumns(recipient),
      lastWord: recipient.last_word,
    })),
  };
}
