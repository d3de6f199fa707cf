/** Taking a message into the queue. */
import type { PreparedMessage } from './calls.ts';
import type { Tables } from './tables.ts';

export function accept(tables: Tables, message: PreparedMessage): void {
  acceptOne(tables, message);
  for (const copy of message.copies ?? []) acceptOne(tables, copy);
}

function acceptOne({ messages, recipients, receipts, agenda }: Tables, message: PreparedMessage): void {
  // Settlements name a recipient by its address, so an address given twice is one recipient.
  const unique = [...new Map(message.recipients.map((recipient) => [recipient.address, recipient])).values()];
  const number = messages.add(message, unique.length);
  if (message.receipt !== undefined) receipts.add(message.receipt, message.id, message.receivedAt);
  for (const [index, recipient] of unique.entries()) {
    recipients.add(number, index + 1, recipient, message.receivedAt);
    agenda.expect(recipient.destination, number, message.receivedAt);
  }
}
