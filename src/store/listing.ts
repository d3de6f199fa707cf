/** Reading the queue for people. */
import type { Delivery } from '../queue/delivery.ts';
import { fromColumns } from './delivery-columns.ts';
import { type MessageRow, termsOf } from './messages.ts';
import type { ListedMessage, ListRequest, MessageTrail, Pause } from './queue-store.ts';
import type { RecipientRow } from './recipients.ts';
import { attemptOf } from './settle.ts';
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
    terms: termsOf(row),
    recipients: tables.recipients.ofMessage(row.number).map((recipient) => ({
      address: recipient.address,
      destination: recipient.destination,
      delivery: deliveryOf(tables, recipient),
      lastWord: recipient.last_word,
      blockedBecause: recipient.blocked_because,
      pause: pauseOf(tables, recipient.destination),
    })),
  };
}

function deliveryOf({ claims }: Tables, recipient: RecipientRow): Delivery {
  const claim = claims.ofMessage(recipient.message).find((one) => one.recipients.has(recipient.address));
  return claim === undefined ? fromColumns(recipient) : attemptOf(recipient, claim.leaseEnds);
}

function pauseOf({ agenda }: Tables, destination: string): Pause | null {
  const until = agenda.pausedUntil(destination);
  return until === undefined ? null : { destination, until };
}
