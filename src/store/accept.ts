/** Taking a message into the queue. */
import type { Delivery } from '../queue/delivery.ts';
import type { NewMessage } from './queue-store.ts';
import type { Tables } from './tables.ts';

export function accept(tables: Tables, message: NewMessage): void {
  // Settlements name a recipient by its address, so an address given twice is one recipient.
  const recipients = [
    ...new Map(message.recipients.map((recipient) => [recipient.address, recipient])).values(),
  ];
  const number = tables.messages.add(message, recipients.length);
  const delivery: Delivery = { kind: 'waiting', attempts: 0, notBefore: message.receivedAt };
  for (const [index, recipient] of recipients.entries()) {
    tables.recipients.add({ message: number, number: index + 1, ...recipient }, delivery);
  }
  const destinations = new Set(recipients.map(({ destination }) => destination));
  for (const destination of destinations) tables.destinations.expect(destination, message.receivedAt);
  tables.trail.append(number, message.events);
}
